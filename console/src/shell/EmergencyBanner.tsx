import { mdiPhoneAlert } from '@mdi/js';
import type { CallView } from '../../../app/api-types.ts';
import { formatPhone } from '../format.ts';
import { useText } from '../text.tsx';
import { Dots } from './Dots.tsx';
import { Icon } from './Icon.tsx';
import classes from './shell.module.css';

/** Somebody here has dialled 911: told on every screen, whoever looks at it (47 CFR 9.16(b)(2): notice to the front desk). */
export function EmergencyBanner(props: { calls: readonly CallView[] }) {
  const { text } = useText();
  const calls = props.calls.filter((call) => call.emergency !== null && call.state !== 'ended');
  return (
    <div role="alert">
      {calls.map(({ callId, emergency, callerName, extensions }) => (
        <p key={callId} className={classes.emergency}>
          <Icon path={mdiPhoneAlert} size={32} />
          <strong>{emergency?.service === '933' ? text.emergency.test : text.emergency.called}</strong>
          <span>
            <Dots
              words={[
                emergency?.location ?? text.emergency.nowhere,
                callerName ?? extensions.join(', '),
                emergency?.callbackNumber && text.emergency.callback(formatPhone(emergency.callbackNumber)),
              ]}
            />
          </span>
        </p>
      ))}
    </div>
  );
}
