import { Fragment } from 'react';
import classes from './shell.module.css';

/** The words that are there, with dots between; lines break between words only. */
export function Dots(props: { words: readonly (string | null | undefined | false)[] }) {
  const words = props.words.filter((word): word is string => Boolean(word));
  return words.map((word, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a fixed list of words, drawn anew as a whole
    <Fragment key={index}>
      {index > 0 && ' · '}
      <span className={word.length < 30 ? classes.whole : undefined}>{word}</span>
    </Fragment>
  ));
}
