import { Button } from '@mantine/core';
import {
  mdiMagnify,
  mdiPhone,
  mdiPhoneHangup,
  mdiPhoneIncoming,
  mdiPhoneRing,
  mdiRadioboxBlank,
  mdiRecordCircle,
  mdiRecordCircleOutline,
} from '@mdi/js';
import { useState } from 'react';
import type { CallView, CandidateView, Me } from '../../../app/api-types.ts';
import { formatPhone, formatSeconds } from '../format.ts';
import { isMine } from '../live/focus.ts';
import { Key } from '../shell/Help.tsx';
import { Icon } from '../shell/Icon.tsx';
import { useKeys } from '../shell/use-keys.ts';
import { useText } from '../text.tsx';
import { Allergies } from './Allergies.tsx';
import { Candidates } from './Candidates.tsx';
import { Chart } from './Chart.tsx';
import classes from './call.module.css';
import { CallerLine, Identity } from './Identity.tsx';
import { PatientSearch } from './PatientSearch.tsx';
import { useCallActions } from './use-call-actions.ts';

const speaksWithCallers = ['front-desk', 'nurse', 'provider', 'supervisor'];

/** The screen pop: read in two seconds from a metre away. */
export function CallCard(props: { call: CallView; me: Me; now: number }) {
  const { text } = useText();
  const { call, me, now } = props;
  const may = speaksWithCallers.includes(me.role);
  const actions = useCallActions(call.callId);
  const [searching, setSearching] = useState(false);
  const patient = call.candidates.find((candidate) => candidate.patientId === call.patientId);
  const open = may && call.state !== 'ended';
  const digits = call.candidates
    .slice(0, 9)
    .map(({ patientId }, index) => [String(index + 1), () => actions.choose(patientId)]);
  useKeys({
    '/': open ? () => setSearching(true) : undefined,
    ...(open && patient ? { c: call.assurance < 4 ? actions.confirm : undefined, w: actions.wrong } : {}),
    ...(open && !patient ? Object.fromEntries(digits) : {}),
  });
  return (
    <article className={classes.card} data-state={call.state} aria-label={text.state[call.state]}>
      <Strip call={call} mine={isMine(call, me)} now={now} />
      <div className={classes.body}>
        <Reason call={call} />
        <Who call={call} patient={patient} actions={may ? actions : null} may={may} open={open} />
        {actions.error && (
          <p role="alert" className={classes.error}>
            {text.shell.error}: {actions.error.message}
          </p>
        )}
      </div>
      {call.card && patient && (
        <>
          <Allergies allergies={call.card.allergies} now={now} />
          <Chart card={call.card} now={now} />
        </>
      )}
      <footer className={classes.foot}>
        <Recording state={call.recording} />
        {call.decision && (
          <span>
            <b>{text.call.decision}:</b> {[call.decision.rule, call.decision.because].filter(Boolean).join(' · ')}
          </span>
        )}
        {open && (
          <Button
            variant="subtle"
            size="compact-md"
            leftSection={<Icon path={mdiMagnify} />}
            rightSection={<Key>/</Key>}
            onClick={() => setSearching(true)}
          >
            {text.call.search}
          </Button>
        )}
      </footer>
      <PatientSearch opened={searching} onClose={() => setSearching(false)} onChoose={actions.choose} />
    </article>
  );
}

const stateIcons = {
  arriving: mdiPhoneIncoming,
  menu: mdiPhoneIncoming,
  ringing: mdiPhoneRing,
  talking: mdiPhone,
  ended: mdiPhoneHangup,
};

function Strip(props: { call: CallView; mine: boolean; now: number }) {
  const { text } = useText();
  const { call, now } = props;
  return (
    <header className={classes.strip}>
      <Icon path={stateIcons[call.state]} size={26} className={classes.stateIcon} />
      <span className={classes.stateWords}>
        <strong>{stateWords(call, text)}</strong>
        {props.mine && <span className={classes.mine}>{text.call.yours}</span>}
      </span>
      {call.transferredBy && <span>{text.call.transferredBy(call.transferredBy)}</span>}
      {call.lineName && <span>{call.lineName}</span>}
      <time className={classes.timer}>{formatSeconds(secondsIn(call, now))}</time>
    </header>
  );
}

type Texts = ReturnType<typeof useText>['text'];

function stateWords(call: CallView, text: Texts): string {
  if (call.state === 'ringing' && call.ringing.length > 0) return text.call.rings(call.ringing.join(', '));
  if (call.state === 'talking' && call.answeredBy) return text.call.speaking(call.answeredBy);
  if (call.state === 'ended' && call.outcome) return text.outcome[call.outcome] ?? text.state.ended;
  return text.state[call.state];
}

/** Seconds spoken once answered, waited before that. */
export function secondsIn(call: CallView, now: number): number {
  const from = (call.state === 'talking' && call.talkingSince) || call.startedAt;
  return ((call.endedAt ? Date.parse(call.endedAt) : now) - Date.parse(from)) / 1_000;
}

function Reason(props: { call: CallView }) {
  const { text } = useText();
  const { intent } = props.call;
  return (
    <div className={classes.reason} data-urgent={intent === 'urgent'}>
      <span>{text.call.reason}</span>
      <strong>{intent ? (text.intent[intent] ?? intent) : text.call.noReason}</strong>
    </div>
  );
}

function Who(props: {
  call: CallView;
  patient: CandidateView | undefined;
  actions: ReturnType<typeof useCallActions> | null;
  may: boolean;
  open: boolean;
}) {
  const { text } = useText();
  const { call, patient, actions } = props;
  if (patient) return <Identity call={call} patient={patient} actions={actions} />;
  if (call.candidates.length > 0) {
    return <Candidates call={call} onChoose={props.open && actions ? actions.choose : null} />;
  }
  if (call.dialled !== null) {
    return (
      <div>
        <h2 className={classes.name}>{text.call.calls(formatPhone(call.dialled))}</h2>
        <p className={classes.who}>{call.callerName}</p>
      </div>
    );
  }
  const [title, why] = !props.may
    ? [text.state[call.state], text.call.notAllowed]
    : {
        none: [text.call.unknownCaller, text.call.unknownWhy],
        withheld: [text.call.withheld, text.call.withheldWhy],
        unavailable: [text.call.unavailable, text.call.unavailableWhy],
        // Staff said it was none of them.
        one: [text.call.unknownCaller, call.assuranceBecause ?? ''],
        several: [text.call.unknownCaller, call.assuranceBecause ?? ''],
        pending: [text.call.lookingUp, ''],
      }[call.match ?? 'pending'];
  return (
    <div>
      <h2 className={classes.name}>{title}</h2>
      <p className={classes.who}>{why}</p>
      <CallerLine call={call} />
    </div>
  );
}

function Recording(props: { state: CallView['recording'] }) {
  const { text } = useText();
  const [path, words] = {
    on: [mdiRecordCircle, text.call.recordingOn],
    off: [mdiRadioboxBlank, text.call.recordingOff],
    broken: [mdiRecordCircleOutline, text.call.recordingBroken],
  }[props.state] as [string, string];
  return (
    <span className={classes.recording} data-recording={props.state}>
      <Icon path={path} /> {words}
    </span>
  );
}
