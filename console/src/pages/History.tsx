import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { mdiHistory, mdiRecordCircleOutline } from '@mdi/js';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { HistoryEntry } from '../../../app/api-types.ts';
import { api } from '../api.ts';
import { formatInstant, formatPhone, formatSeconds } from '../format.ts';
import { CallRecord } from '../history/CallRecord.tsx';
import classes from '../history/history.module.css';
import { Dialog } from '../shell/Dialog.tsx';
import { Icon } from '../shell/Icon.tsx';
import { Notice } from '../shell/Notice.tsx';
import { useText } from '../text.tsx';

const outcomes = ['talked', 'abandoned', 'unanswered', 'voicemail'] as const;

/** Finished calls, newest first; a row opens the whole record. */
export function History() {
  const { text } = useText();
  const [outcome, setOutcome] = useState<string>('all');
  const [openId, setOpenId] = useState<string | null>(null);
  const pages = useInfiniteQuery({
    queryKey: ['history', outcome],
    queryFn: ({ pageParam }) => api.history({ before: pageParam, outcome: outcome === 'all' ? null : outcome }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: 0,
  });
  const calls = pages.data?.pages.flatMap((page) => page.calls);
  return (
    <>
      <div className={classes.head}>
        <h1>{text.history.title}</h1>
        <SegmentedControl
          aria-label={text.history.outcome}
          value={outcome}
          onChange={setOutcome}
          data={[
            { value: 'all', label: text.history.all },
            ...outcomes.map((value) => ({ value, label: text.outcome[value] ?? value })),
          ]}
        />
      </div>
      {pages.error && (
        <Notice icon={mdiHistory} title={text.shell.error} alert>
          <p>{pages.error.message}</p>
          <Button onClick={() => pages.refetch()}>{text.shell.retry}</Button>
        </Notice>
      )}
      {pages.isPending && <Skeleton height={240} radius="lg" />}
      {calls?.length === 0 && (
        <Notice icon={mdiHistory} title={text.history.empty}>
          <p>{text.history.emptyWhy}</p>
        </Notice>
      )}
      {calls && calls.length > 0 && <CallTable calls={calls} onOpen={setOpenId} />}
      {pages.hasNextPage && (
        <Button variant="default" mt="md" loading={pages.isFetchingNextPage} onClick={() => pages.fetchNextPage()}>
          {text.history.more}
        </Button>
      )}
      <Dialog side opened={openId !== null} onClose={() => setOpenId(null)} title={text.history.record}>
        {openId && <CallRecord callId={openId} />}
      </Dialog>
    </>
  );
}

function CallTable(props: { calls: readonly HistoryEntry[]; onOpen: (callId: string) => void }) {
  const { text, language } = useText();
  const { history } = text;
  return (
    <div className={classes.tableBox}>
      <table className={classes.table}>
        <thead>
          <tr>
            {[
              history.when,
              history.caller,
              history.about,
              history.outcome,
              history.answeredBy,
              history.duration,
              history.recorded,
            ].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.calls.map((call) => (
            <tr key={call.callId} onClick={() => props.onOpen(call.callId)}>
              <td>{formatInstant(call.startedAt, language)}</td>
              <td>
                <button type="button" className={classes.open} aria-label={history.open(nameOf(call, text))}>
                  {nameOf(call, text)}
                </button>
                {call.patientName && call.callerNumber && (
                  <span className={classes.soft}>{formatPhone(call.callerNumber)}</span>
                )}
              </td>
              <td>{call.intent ? (text.intent[call.intent] ?? call.intent) : '–'}</td>
              <td>{call.outcome ? (text.outcome[call.outcome] ?? call.outcome) : '–'}</td>
              <td>{call.answeredBy ?? '–'}</td>
              <td>
                {call.endedAt ? formatSeconds((Date.parse(call.endedAt) - Date.parse(call.startedAt)) / 1_000) : '–'}
              </td>
              <td>
                {call.recorded && (
                  <>
                    <Icon path={mdiRecordCircleOutline} />
                    <span className="visually-hidden">{history.recorded}</span>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type Texts = ReturnType<typeof useText>['text'];

function nameOf(call: HistoryEntry, text: Texts): string {
  return call.patientName ?? (call.callerNumber ? formatPhone(call.callerNumber) : text.call.unknownCaller);
}
