import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { HistoryDetail } from '../../../app/api-types.ts';
import { api } from '../api.ts';
import { formatInstant, formatPhone, formatTime } from '../format.ts';
import { useText } from '../text.tsx';
import classes from './history.module.css';
import { Recording } from './Recording.tsx';

/** One call from first byte to record: what happened, why it went there, what was recorded. */
export function CallRecord(props: { callId: string }) {
  const { text } = useText();
  const record = useQuery({
    queryKey: ['call', props.callId],
    queryFn: () => api.historyDetail(props.callId),
    gcTime: 0,
  });
  if (record.error) return <p role="alert">{`${text.shell.error}: ${record.error.message}`}</p>;
  if (!record.data) return <Skeleton height={320} />;
  const call = record.data;
  return (
    <div className={classes.record}>
      <Facts call={call} />
      <Section title={text.history.recording}>
        {call.recordings.length === 0 && <p className={classes.soft}>{text.history.noRecording}</p>}
        {call.recordings.map((recording) => (
          <Recording key={recording.id} recording={recording} />
        ))}
      </Section>
      <Section title={text.history.decisions}>
        {call.decisions.map((decision) => (
          <Decision key={decision.number} decision={decision} />
        ))}
      </Section>
      <Section title={text.history.events}>
        <Timeline call={call} />
      </Section>
    </div>
  );
}

function Facts(props: { call: HistoryDetail }) {
  const { text, language } = useText();
  const { call } = props;
  const number = call.callerNumber && formatPhone(call.callerNumber);
  return (
    <div>
      <h2 className={classes.title}>{call.patientName ?? number ?? text.call.unknownCaller}</h2>
      <p className={classes.soft}>
        {[call.patientName && number, call.lineName, formatInstant(call.startedAt, language)]
          .filter(Boolean)
          .join(' · ')}
      </p>
      <p className={classes.outcome}>
        {[
          call.outcome && (text.outcome[call.outcome] ?? call.outcome),
          call.answeredBy,
          call.intent && (text.intent[call.intent] ?? call.intent),
          text.assurance[call.assurance],
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
    </div>
  );
}

function Decision(props: { decision: HistoryDetail['decisions'][number] }) {
  const { text } = useText();
  const { rule, reasons, tookMs } = props.decision;
  return (
    <div className={classes.decision}>
      <strong>{rule ?? '–'}</strong>{' '}
      <span className={classes.soft}>{text.history.took(tookMs < 1 ? tookMs.toFixed(2) : tookMs.toFixed(0))}</span>
      <ol>
        {reasons.map((reason) => (
          <li key={reason.name} data-applied={reason.applied}>
            <b>{reason.name}</b> {reason.applied ? text.history.applied : text.history.skipped}: {reason.because}
          </li>
        ))}
      </ol>
    </div>
  );
}

function Timeline(props: { call: HistoryDetail }) {
  const { text, language } = useText();
  const started = Date.parse(props.call.startedAt);
  return (
    <ol className={classes.timeline}>
      {props.call.events.map((event) => (
        <li key={event.sequence}>
          <time dateTime={event.at}>{formatTime(event.at, language)}</time>
          <span>
            {text.event[event.kind] ?? event.kind}
            {event.note && <span className={classes.soft}>{event.note}</span>}
          </span>
          <span className={classes.soft}>+{((Date.parse(event.at) - started) / 1_000).toFixed(2)} s</span>
        </li>
      ))}
    </ol>
  );
}

function Section(props: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3>{props.title}</h3>
      {props.children}
    </section>
  );
}
