import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

/** The one accent: a deep teal that keeps 4.5:1 against white from shade 7 on. */
const chart: MantineColorsTuple = [
  '#e8f6f4',
  '#d2ebe7',
  '#a5d6cf',
  '#74c0b6',
  '#4dada1',
  '#2f9b8e',
  '#15857a',
  '#0b6b62',
  '#07564f',
  '#03413b',
];

export const theme = createTheme({
  primaryColor: 'chart',
  primaryShade: { light: 7, dark: 4 },
  colors: { chart },
  fontFamily: "'Atkinson Hyperlegible Next Variable', system-ui, sans-serif",
  headings: { fontFamily: "'Atkinson Hyperlegible Next Variable', system-ui, sans-serif", fontWeight: '650' },
  defaultRadius: 'md',
  respectReducedMotion: true,
  fontSizes: { xs: '0.8125rem', sm: '0.9375rem', md: '1rem', lg: '1.1875rem', xl: '1.375rem' },
});

const ours = {
  '--mantine-color-body': 'var(--page)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--ink-soft)',
  '--mantine-color-placeholder': 'var(--ink-soft)',
  '--mantine-color-default': 'var(--surface)',
  '--mantine-color-default-border': 'var(--line)',
  '--mantine-color-error': 'var(--alarm)',
};
// White text on a filled button keeps 4.5:1 on a dark page too.
const onDark = { '--mantine-color-chart-filled': '#117a70', '--mantine-color-chart-filled-hover': '#0e6a61' };

/** The library's colours are those of tokens.css. */
export const cssVariables: CSSVariablesResolver = () => ({ variables: {}, light: ours, dark: { ...ours, ...onDark } });
