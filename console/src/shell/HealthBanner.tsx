import { mdiAlert, mdiLanDisconnect } from '@mdi/js';
import type { SystemHealth } from '../../../app/api-types.ts';
import type { LiveState } from '../live/state.ts';
import { useText } from '../text.tsx';
import { Icon } from './Icon.tsx';
import classes from './shell.module.css';

const worstFirst = ['signaling', 'media', 'database', 'ehr', 'recorder'] as const satisfies (keyof SystemHealth)[];

/** What is sick and what still works, in plain words; nothing when all is well. */
export function HealthBanner(props: { live: LiveState }) {
  const { text } = useText();
  const { health, connection } = props.live;
  const sick = health && connection === 'live' ? worstFirst.filter((part) => !health[part]) : [];
  return (
    <div role="status" aria-live="polite">
      {connection === 'lost' && (
        <p className={classes.banner} data-tone="caution">
          <Icon path={mdiLanDisconnect} /> {text.shell.lostWhy}
        </p>
      )}
      {sick.map((part) => (
        <p
          key={part}
          className={classes.banner}
          data-tone={part === 'signaling' || part === 'media' ? 'alarm' : 'caution'}
        >
          <Icon path={mdiAlert} /> {text.health[part]}
        </p>
      ))}
    </div>
  );
}
