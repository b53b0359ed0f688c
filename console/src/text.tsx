import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { type Language, type Messages, messages } from './messages.ts';

type Text = {
  readonly language: Language;
  readonly text: Messages;
  readonly setLanguage: (language: Language) => void;
};

const TextContext = createContext<Text | null>(null);
const storageKey = 'chartline-language';

function firstLanguage(): Language {
  const chosen = localStorage.getItem(storageKey);
  if (chosen === 'en' || chosen === 'es') return chosen;
  return navigator.language.startsWith('es') ? 'es' : 'en';
}

export function TextProvider(props: { children: ReactNode }) {
  const [language, setLanguage] = useState(firstLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
    localStorage.setItem(storageKey, language);
  }, [language]);
  const value = useMemo(() => ({ language, text: messages[language], setLanguage }), [language]);
  return <TextContext value={value}>{props.children}</TextContext>;
}

/** The texts in the chosen language. */
export function useText(): Text {
  const value = useContext(TextContext);
  if (!value) throw new Error('useText outside TextProvider');
  return value;
}
