import { useSyncExternalStore } from 'react';

const pages = ['/', '/calls', '/wallboard', '/setup', '/audit'] as const;
export type Page = (typeof pages)[number];

function subscribe(listener: () => void): () => void {
  addEventListener('popstate', listener);
  return () => removeEventListener('popstate', listener);
}

/** The page in the address bar; any other address is the live page. */
export function usePath(): Page {
  const path = useSyncExternalStore(subscribe, () => location.pathname);
  return pages.find((page) => page === path) ?? '/';
}

export function goTo(page: Page): void {
  if (location.pathname === page) return;
  history.pushState(null, '', page);
  dispatchEvent(new PopStateEvent('popstate'));
}
