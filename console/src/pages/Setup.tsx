import { Button, Skeleton } from '@mantine/core';
import { mdiAlertOctagon, mdiCogOutline, mdiPhoneCheck, mdiPhoneOff } from '@mdi/js';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Me, SetupView } from '../../../app/api-types.ts';
import { api } from '../api.ts';
import { formatPhone } from '../format.ts';
import tables from '../history/history.module.css';
import { Explain } from '../setup/Explain.tsx';
import classes from '../setup/setup.module.css';
import { Icon } from '../shell/Icon.tsx';
import { Notice } from '../shell/Notice.tsx';
import { useText } from '../text.tsx';

/** The phone system as it is set up: what looks odd first, then rules, phones and lines. */
export function Setup(props: { me: Me }) {
  const { text } = useText();
  const setup = useQuery({ queryKey: ['setup'], queryFn: api.setup, staleTime: 0, refetchInterval: 15_000 });
  if (setup.error) {
    return (
      <Notice icon={mdiCogOutline} title={text.shell.error} alert>
        <p>{setup.error.message}</p>
        <Button onClick={() => setup.refetch()}>{text.shell.retry}</Button>
      </Notice>
    );
  }
  return (
    <>
      <h1 className={classes.title}>{text.setup.title}</h1>
      {setup.data ? <Parts setup={setup.data} me={props.me} /> : <Skeleton height={320} radius="lg" />}
    </>
  );
}

function Parts(props: { setup: SetupView; me: Me }) {
  const { text } = useText();
  const { setup } = props;
  const yes = (value: boolean) => (value ? text.setup.yes : text.setup.no);
  return (
    <div className={classes.parts}>
      <Findings findings={setup.findings} />
      <Explain lines={setup.lines} me={props.me} />
      <Section title={text.setup.routes} note={text.setup.version(setup.rulesVersion)}>
        <Table
          head={[text.setup.priority, text.setup.rule, text.setup.holds, text.setup.targets]}
          rows={setup.routes.map(({ id, priority, enabled, name, holds, targets }) => ({
            key: String(id),
            cells: [
              priority,
              <b key="name">{name}</b>,
              enabled ? holds : text.setup.disabled,
              <ol key="targets" className={classes.targets}>
                {targets.map((target) => (
                  <li key={target}>{target}</li>
                ))}
              </ol>,
            ],
          }))}
        />
      </Section>
      <Section title={text.setup.phones}>
        <Table
          head={[text.setup.extension, text.setup.name, text.setup.teams, text.setup.registered]}
          rows={setup.phones.map(({ extension, name, teams, registered }) => ({
            key: extension,
            cells: [
              <b key="extension">{extension}</b>,
              name,
              teams.join(', ') || '–',
              <span key="registered" className={classes.registered} data-on={registered}>
                <Icon path={registered ? mdiPhoneCheck : mdiPhoneOff} /> {yes(registered)}
              </span>,
            ],
          }))}
        />
      </Section>
      <Section title={text.setup.lines}>
        <Table
          head={[text.setup.number, text.setup.name, text.setup.zone, text.setup.recorded]}
          rows={setup.lines.map(({ number, name, timeZone, recorded }) => ({
            key: number,
            cells: [<b key="number">{formatPhone(number)}</b>, name, timeZone, yes(recorded)],
          }))}
        />
      </Section>
      <Section title={text.setup.trunks}>
        <Table
          head={[text.setup.name, text.setup.source, text.setup.trusted]}
          rows={setup.trunks.map(({ name, source, trusted }) => ({
            key: name,
            cells: [<b key="name">{name}</b>, source.join(', '), yes(trusted)],
          }))}
        />
      </Section>
    </div>
  );
}

function Findings(props: { findings: SetupView['findings'] }) {
  const { text } = useText();
  if (props.findings.length === 0) return null;
  return (
    <Section title={text.setup.findings}>
      <ul className={classes.findings}>
        {props.findings.map(({ kind, about, text: what }) => (
          <li key={about + what} data-kind={kind}>
            <Icon path={mdiAlertOctagon} /> <b>{text.setup.finding[kind]}</b>
            <span>
              {about}: {what}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Section(props: { title: string; note?: string; children: ReactNode }) {
  return (
    <section>
      <h2 className={classes.section}>
        {props.title} {props.note && <small>{props.note}</small>}
      </h2>
      {props.children}
    </section>
  );
}

function Table(props: { head: readonly string[]; rows: readonly { key: string; cells: readonly ReactNode[] }[] }) {
  return (
    <div className={tables.tableBox}>
      <table className={`${tables.table} ${tables.still}`}>
        <thead>
          <tr>
            {props.head.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, column) => (
                <td key={props.head[column]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
