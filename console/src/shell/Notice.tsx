import type { ReactNode } from 'react';
import { Icon } from './Icon.tsx';
import classes from './shell.module.css';

/** A page or area with nothing to list: what it is, why, and what to do. */
export function Notice(props: { icon: string; title: string; children?: ReactNode; alert?: boolean }) {
  return (
    <div className={classes.notice} role={props.alert ? 'alert' : undefined}>
      <Icon path={props.icon} size={44} className={classes.noticeIcon} />
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}
