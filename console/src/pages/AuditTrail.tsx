import { Button, Skeleton, TextInput } from '@mantine/core';
import { mdiShieldSearch } from '@mdi/js';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../api.ts';
import { formatInstant } from '../format.ts';
import classes from '../history/history.module.css';
import { Notice } from '../shell/Notice.tsx';
import { useText } from '../text.tsx';

const fields = ['actor', 'action', 'subject', 'patientId'] as const;
type Query = Partial<Record<(typeof fields)[number], string>>;

/** Who looked at what and why: the audit chain, searched by its privacy officer. */
export function AuditTrail() {
  const { text, language } = useText();
  const [typed, setTyped] = useState<Query>({});
  const [asked, setAsked] = useState<Query>({});
  const pages = useInfiniteQuery({
    queryKey: ['audit', asked],
    queryFn: ({ pageParam }) => api.searchAudit({ ...asked, ...(pageParam ? { before: pageParam } : {}) }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    staleTime: 0,
    gcTime: 0,
  });
  const events = pages.data?.pages.flatMap((page) => page.events);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsked(Object.fromEntries(Object.entries(typed).filter(([, value]) => value.trim() !== '')));
  };
  return (
    <>
      <div className={classes.head}>
        <h1>{text.audit.title}</h1>
      </div>
      <form className={classes.filters} onSubmit={submit}>
        {fields.map((field) => (
          <TextInput
            key={field}
            label={text.audit[field]}
            placeholder={text.audit.example[field]}
            value={typed[field] ?? ''}
            onChange={(event) => setTyped({ ...typed, [field]: event.currentTarget.value })}
          />
        ))}
        <Button type="submit">{text.audit.search}</Button>
      </form>
      {pages.error && <Notice icon={mdiShieldSearch} title={pages.error.message} alert />}
      {pages.isPending && <Skeleton height={240} radius="lg" />}
      {events?.length === 0 && <Notice icon={mdiShieldSearch} title={text.audit.empty} />}
      {events && events.length > 0 && (
        <div className={classes.tableBox}>
          <table className={`${classes.table} ${classes.still}`}>
            <thead>
              <tr>
                {[text.history.when, text.audit.actor, text.audit.action, text.audit.subject, text.audit.detail].map(
                  (title) => (
                    <th key={title} scope="col">
                      {title}
                    </th>
                  ),
                )}
              </tr>
            </thead>
            <tbody>
              {events.map((event) => (
                <tr key={event.sequence}>
                  <td>{formatInstant(event.at, language)}</td>
                  <td>{event.actor}</td>
                  <td>
                    <b>{event.action}</b>
                  </td>
                  <td className={classes.wrap}>{event.subject}</td>
                  <td className={classes.wrap}>{event.detail === '{}' ? '' : event.detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {pages.hasNextPage && (
        <Button variant="default" mt="md" loading={pages.isFetchingNextPage} onClick={() => pages.fetchNextPage()}>
          {text.history.more}
        </Button>
      )}
    </>
  );
}
