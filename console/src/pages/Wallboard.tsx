import { mdiPhoneCheck } from '@mdi/js';
import { useQuery } from '@tanstack/react-query';
import type { CallView } from '../../../app/api-types.ts';
import { api } from '../api.ts';
import { secondsIn } from '../call/CallCard.tsx';
import { formatInitials, formatSeconds } from '../format.ts';
import classes from '../history/history.module.css';
import type { LiveState } from '../live/state.ts';
import { useNow } from '../live/use-live.ts';
import { Notice } from '../shell/Notice.tsx';
import { useText } from '../text.tsx';
import board from './wallboard.module.css';

/** For the wall: how many wait, how long, who speaks. */
export function Wallboard(props: { live: LiveState }) {
  const { text } = useText();
  const now = useNow();
  const calls = props.live.calls.filter((call) => call.state !== 'ended');
  const talking = calls.filter((call) => call.state === 'talking');
  const waiting = calls.filter((call) => call.state !== 'talking');
  const longest = Math.max(0, ...waiting.map((call) => secondsIn(call, now)));
  return (
    <>
      <h1 className={board.title}>{text.wallboard.title}</h1>
      <dl className={board.figures}>
        <Figure label={text.wallboard.waiting} value={String(waiting.length)} />
        <Figure label={text.wallboard.longest} value={formatSeconds(longest)} />
        <Figure label={text.wallboard.talking} value={String(talking.length)} />
        <Finished />
      </dl>
      {calls.length === 0 ? (
        <Notice icon={mdiPhoneCheck} title={text.wallboard.none} />
      ) : (
        <div className={classes.tableBox}>
          <table className={classes.table}>
            <thead>
              <tr>
                {[
                  text.wallboard.caller,
                  text.history.about,
                  text.wallboard.state,
                  text.wallboard.with,
                  text.wallboard.wait,
                ].map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {calls.map((call) => (
                <tr key={call.callId}>
                  <td>
                    <strong>{wallName(call, text)}</strong>
                  </td>
                  <td>{call.intent ? (text.intent[call.intent] ?? call.intent) : '–'}</td>
                  <td>{text.state[call.state]}</td>
                  <td>{call.state === 'talking' ? call.answeredBy : call.ringing.join(', ') || '–'}</td>
                  <td>{formatSeconds(secondsIn(call, now))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

type Texts = ReturnType<typeof useText>['text'];

/** A wall is read by visitors too: no names, no numbers. */
function wallName(call: CallView, text: Texts): string {
  const patient = call.candidates.find((candidate) => candidate.patientId === call.patientId);
  if (patient) return formatInitials(patient.name);
  if (call.dialled !== null) return text.wallboard.outbound;
  if (call.candidates.length > 1) return text.call.several(call.candidates.length);
  return call.match === 'withheld' ? text.call.withheld : text.call.unknownCaller;
}

function Finished() {
  const { text } = useText();
  const recent = useQuery({
    queryKey: ['recent'],
    queryFn: () => api.history({ before: null, outcome: null }),
    refetchInterval: 30_000,
  });
  const calls = recent.data?.calls ?? [];
  const count = (outcome: string) => calls.filter((call) => call.outcome === outcome).length;
  return (
    <Figure
      label={text.wallboard.today}
      value={String(count('talked'))}
      note={`${text.wallboard.answered}, ${count('abandoned')} ${text.wallboard.abandoned}`}
    />
  );
}

function Figure(props: { label: string; value: string; note?: string }) {
  return (
    <div className={board.figure}>
      <dt>{props.label}</dt>
      <dd>
        {props.value} {props.note && <small>{props.note}</small>}
      </dd>
    </div>
  );
}
