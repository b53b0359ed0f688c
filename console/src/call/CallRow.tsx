import type { CallView } from '../../../app/api-types.ts';
import { formatPhone, formatSeconds } from '../format.ts';
import { useText } from '../text.tsx';
import { secondsIn } from './CallCard.tsx';
import classes from './rail.module.css';

/** The caller in a few words: the patient, how many it may be, the number, or that there is none. */
export function useCallerName(): (
  call: Pick<CallView, 'candidates' | 'patientId' | 'callerNumber' | 'dialled' | 'match'>,
) => string {
  const { text } = useText();
  return (call) => {
    const patient = call.candidates.find((candidate) => candidate.patientId === call.patientId);
    if (patient) return patient.name;
    if (call.dialled !== null) return text.call.calls(formatPhone(call.dialled));
    if (call.candidates.length > 1) return text.call.several(call.candidates.length);
    if (call.callerNumber) return formatPhone(call.callerNumber);
    return call.match === 'withheld' ? text.call.withheld : text.call.unknownCaller;
  };
}

export function CallRow(props: { call: CallView; shown: boolean; now: number; onPick: () => void }) {
  const { text } = useText();
  const callerName = useCallerName();
  const { call } = props;
  const with_ = call.state === 'talking' ? call.answeredBy : call.ringing.join(', ');
  return (
    <button
      type="button"
      className={classes.row}
      data-state={call.state}
      aria-pressed={props.shown}
      onClick={props.onPick}
    >
      <span className={classes.rowHead}>
        <strong>{callerName(call)}</strong>
        <time>{formatSeconds(secondsIn(call, props.now))}</time>
      </span>
      <span className={classes.rowState}>
        {[text.state[call.state], with_, call.intent && (text.intent[call.intent] ?? call.intent)]
          .filter(Boolean)
          .join(' · ')}
      </span>
    </button>
  );
}
