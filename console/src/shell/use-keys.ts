import { useEffect, useRef, useSyncExternalStore } from 'react';

const storageKey = 'chartline-keys';
const changed = 'chartline-keys-changed';

function subscribe(listener: () => void): () => void {
  addEventListener(changed, listener);
  return () => removeEventListener(changed, listener);
}
const enabled = () => localStorage.getItem(storageKey) !== 'off';

/** Whether single keys act; people who dictate must be able to turn them off (WCAG 2.1.4). */
export function useKeysEnabled(): [boolean, (on: boolean) => void] {
  const on = useSyncExternalStore(subscribe, enabled);
  const set = (next: boolean) => {
    localStorage.setItem(storageKey, next ? 'on' : 'off');
    dispatchEvent(new Event(changed));
  };
  return [on, set];
}

/** Single keys for the whole page; never while somebody types or a dialog is open. */
export function useKeys(keys: Readonly<Record<string, (() => void) | undefined>>): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !enabled()) return;
      const target = event.target instanceof HTMLElement ? event.target : document.body;
      if (target.closest('input, textarea, select, [contenteditable]')) return;
      if (document.querySelector('[role="dialog"]')) return;
      const act = latest.current[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
