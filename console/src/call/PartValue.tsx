import { Skeleton } from '@mantine/core';
import { mdiEyeOffOutline } from '@mdi/js';
import type { ReactNode } from 'react';
import type { PartView } from '../../../app/api-types.ts';
import { formatAgo } from '../format.ts';
import { Icon } from '../shell/Icon.tsx';
import { useText } from '../text.tsx';
import classes from './call.module.css';

/** One part of the card: its value, or in words why there is none. */
export function PartValue<T>(props: { part: PartView<T>; now: number; children: (value: T) => ReactNode }) {
  const { text, language } = useText();
  const { part } = props;
  switch (part.state) {
    case 'pending':
      return (
        <>
          <span className="visually-hidden">{text.card.pending}</span>
          <Skeleton height="0.9em" width="70%" mt="0.35em" animate />
        </>
      );
    case 'unavailable':
      return <span className={classes.missing}>{text.card.unavailable}</span>;
    case 'hidden':
      return (
        <span className={classes.missing}>
          <Icon path={mdiEyeOffOutline} /> {part.because === 'role' ? text.card.hiddenRole : text.card.hiddenAssurance}
        </span>
      );
    default:
      return (
        <>
          {props.children(part.value)}
          {part.state === 'cached' && (
            <span className={classes.age}>{text.card.cached(formatAgo(part.asOf, props.now, language))}</span>
          )}
        </>
      );
  }
}

/** The value when it may be shown and is there; else null. */
export function known<T>(part: PartView<T> | undefined): T | null {
  return part?.state === 'fresh' || part?.state === 'cached' ? part.value : null;
}
