/** A glyph of Material Design Icons (`path` from @mdi/js), as tall as the text; decorative, the word beside it speaks. */
export function Icon(props: { path: string; size?: number | string; className?: string | undefined }) {
  const { path, size = '1.15em', className } = props;
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false" className={className}>
      <path d={path} fill="currentColor" />
    </svg>
  );
}
