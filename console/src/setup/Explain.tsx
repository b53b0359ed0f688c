import { Button, NativeSelect, Switch, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Me, RouteExplanation, SetupView } from '../../../app/api-types.ts';
import { api, ProblemError } from '../api.ts';
import { formatInstant } from '../format.ts';
import { useText } from '../text.tsx';
import classes from './setup.module.css';

const intents = ['appointment', 'refill', 'clinical', 'results', 'billing', 'operator', 'urgent'] as const;

/** 'What if this line were called on Friday at 18:05?' by the rules in force; nothing rings. */
export function Explain(props: { lines: SetupView['lines']; me: Me }) {
  const { text } = useText();
  const [line, setLine] = useState(props.lines[0]?.number ?? '');
  const [from, setFrom] = useState('');
  const [caller, setCaller] = useState('');
  const [intent, setIntent] = useState('');
  const [at, setAt] = useState('');
  const [everyPhone, setEveryPhone] = useState(false);
  const asking = useMutation({
    mutationFn: () =>
      api.explainRoute({
        line,
        everyPhone,
        ...(from ? { from: from.replace(/[\s().-]/g, '') } : {}),
        ...(caller ? { caller } : {}),
        ...(intent ? { intent } : {}),
        ...(at ? { at } : {}),
      }),
  });
  const zoneOf = (number: string) => props.lines.find((each) => each.number === number)?.timeZone;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    asking.mutate();
  };
  return (
    <section>
      <h2 className={classes.section}>{text.setup.explain}</h2>
      <div className={classes.explain}>
        <form className={classes.form} onSubmit={submit}>
          <NativeSelect
            label={text.setup.line}
            value={line}
            onChange={(event) => setLine(event.currentTarget.value)}
            data={props.lines.map(({ number, name }) => ({ value: number, label: `${name} ${number}` }))}
          />
          {props.me.role === 'supervisor' && (
            <TextInput
              label={text.setup.from}
              placeholder="+1 202 555 0143"
              value={from}
              onChange={(event) => setFrom(event.currentTarget.value)}
            />
          )}
          <NativeSelect
            label={text.setup.callerKind}
            value={caller}
            onChange={(event) => setCaller(event.currentTarget.value)}
            data={[
              { value: '', label: text.setup.byNumber },
              ...(['known', 'ambiguous', 'unknown'] as const).map((value) => ({
                value,
                label: text.setup.kind[value],
              })),
            ]}
          />
          <NativeSelect
            label={text.history.about}
            value={intent}
            onChange={(event) => setIntent(event.currentTarget.value)}
            data={[
              { value: '', label: text.call.noReason },
              ...intents.map((value) => ({ value, label: text.intent[value] ?? value })),
            ]}
          />
          <TextInput
            type="datetime-local"
            label={text.setup.at}
            value={at}
            onChange={(event) => setAt(event.currentTarget.value)}
          />
          <Switch
            label={text.setup.everyPhone}
            checked={everyPhone}
            onChange={(event) => setEveryPhone(event.currentTarget.checked)}
          />
          <Button type="submit" loading={asking.isPending}>
            {text.setup.ask}
          </Button>
          {asking.error && (
            <p role="alert" className={classes.error}>
              {asking.error instanceof ProblemError ? (asking.error.detail ?? asking.error.message) : text.shell.error}
            </p>
          )}
        </form>
        <div role="status">{asking.data && <Answer explanation={asking.data} zone={zoneOf(line)} />}</div>
      </div>
    </section>
  );
}

function Answer(props: { explanation: RouteExplanation; zone: string | undefined }) {
  const { text, language } = useText();
  const { at, rule, steps, reasons, targets } = props.explanation;
  const left = targets.filter((target) => !target.used);
  return (
    <div className={classes.answer}>
      <p className={classes.rule}>
        <b>{rule ?? text.setup.lastResort}</b> <span>{formatInstant(at, language, props.zone)}</span>
      </p>
      <ol>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      {left.length > 0 && (
        <ul>
          {left.map(({ target, because }) => (
            <li key={target + because}>
              {target}: {because}
            </li>
          ))}
        </ul>
      )}
      <details>
        <summary>{text.history.decisions}</summary>
        <ol>
          {reasons.map((reason) => (
            <li key={reason.name}>
              <b>{reason.name}</b> {reason.applied ? text.history.applied : text.history.skipped}: {reason.because}
            </li>
          ))}
        </ol>
      </details>
    </div>
  );
}
