import { mdiPhoneCheck } from '@mdi/js';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { CallView, Me } from '../../../app/api-types.ts';
import { api } from '../api.ts';
import { CallCard } from '../call/CallCard.tsx';
import { CallRow } from '../call/CallRow.tsx';
import classes from '../call/rail.module.css';
import { formatClock, formatPhone } from '../format.ts';
import { focusedCall } from '../live/focus.ts';
import type { LiveState } from '../live/state.ts';
import { useNow } from '../live/use-live.ts';
import { Notice } from '../shell/Notice.tsx';
import { useKeys } from '../shell/use-keys.ts';
import { useText } from '../text.tsx';

/** The call to look at now, and beside it the others. */
export function Live(props: { me: Me; live: LiveState }) {
  const { text } = useText();
  const now = useNow();
  const { calls } = props.live;
  const [pickedId, setPickedId] = useState<string | null>(null);
  const call = focusedCall(calls, props.me, pickedId);
  const step = (by: number) => () => {
    const index = calls.findIndex(({ callId }) => callId === call?.callId);
    const next = calls[(index + by + calls.length) % calls.length];
    if (next) setPickedId(next.callId);
  };
  useKeys({ j: step(1), ArrowDown: step(1), k: step(-1), ArrowUp: step(-1) });
  return (
    <div className={classes.layout}>
      <h1 className="visually-hidden">{text.nav.live}</h1>
      <Announcer call={call} />
      {call ? (
        <CallCard key={call.callId} call={call} me={props.me} now={now} />
      ) : (
        <Notice icon={mdiPhoneCheck} title={text.call.quiet}>
          <p>{text.call.quietWhy}</p>
        </Notice>
      )}
      <aside className={classes.rail} aria-label={text.call.otherCalls}>
        {calls.length > 1 && (
          <section>
            <h2>{text.call.otherCalls}</h2>
            <ul className={classes.rows}>
              {calls.map((other) => (
                <li key={other.callId}>
                  <CallRow
                    call={other}
                    shown={other.callId === call?.callId}
                    now={now}
                    onPick={() => setPickedId(other.callId)}
                  />
                </li>
              ))}
            </ul>
          </section>
        )}
        <Recent calls={calls} />
      </aside>
    </div>
  );
}

/** Says a new call to screen readers: who and what for, not the chart. */
function Announcer(props: { call: CallView | null }) {
  const { text } = useText();
  const { call } = props;
  const patient = call?.candidates.find((candidate) => candidate.patientId === call.patientId);
  return (
    <p className="visually-hidden" role="status" aria-live="assertive">
      {call &&
        [text.state[call.state], patient?.name, call.intent && text.intent[call.intent]].filter(Boolean).join(', ')}
    </p>
  );
}

function Recent(props: { calls: readonly CallView[] }) {
  const { text, language } = useText();
  const queries = useQueryClient();
  const recent = useQuery({ queryKey: ['recent'], queryFn: () => api.history({ before: null, outcome: null }) });
  const ended = props.calls.filter((call) => call.state === 'ended').length;
  useEffect(() => {
    // The call record is stored a moment after the end is told.
    if (ended === 0) return;
    const timer = setTimeout(() => void queries.invalidateQueries({ queryKey: ['recent'] }), 1_500);
    return () => clearTimeout(timer);
  }, [ended, queries]);
  return (
    <section>
      <h2>{text.call.recent}</h2>
      {recent.error && <p className={classes.soft}>{text.shell.error}</p>}
      {recent.data?.calls.length === 0 && <p className={classes.soft}>{text.history.empty}</p>}
      <ul className={classes.recent}>
        {recent.data?.calls.slice(0, 7).map((call) => (
          <li key={call.callId}>
            <span className={classes.rowHead}>
              <strong>
                {call.patientName ?? (call.callerNumber ? formatPhone(call.callerNumber) : text.call.unknownCaller)}
              </strong>
              <time>{formatClock(call.startedAt, language)}</time>
            </span>
            <span className={classes.rowState}>
              {[
                call.outcome && (text.outcome[call.outcome] ?? call.outcome),
                call.answeredBy,
                call.intent && (text.intent[call.intent] ?? call.intent),
              ]
                .filter(Boolean)
                .join(' · ')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
