import type { ReactNode } from 'react';
import type { CardView, PartView } from '../../../app/api-types.ts';
import { formatAgo, formatAppointment, formatDay } from '../format.ts';
import { Dots } from '../shell/Dots.tsx';
import { useText } from '../text.tsx';
import classes from './call.module.css';
import { known, PartValue } from './PartValue.tsx';

type Visit = { readonly at: string; readonly reason: string | null; readonly practitioner: string | null };

const shown = 5;

/** The chart in a dozen lines: what to know before the first word. */
export function Chart(props: { card: CardView; now: number }) {
  const { text, language } = useText();
  const { card, now } = props;
  const visit = (formatAt: (at: string, language: string) => string) => (value: Visit | null) =>
    value ? (
      <>
        <strong className={classes.big}>{formatAgo(value.at, now, language)}</strong>
        {value.reason && <span className={classes.line}>{value.reason}</span>}
        <span className={classes.soft}>
          <Dots words={[value.practitioner, formatAt(value.at, language)]} />
        </span>
      </>
    ) : (
      <None />
    );
  return (
    <div className={classes.chart}>
      <Block title={text.card.mainProblem}>
        <PartValue part={card.problems} now={now}>
          {(problems) => <Problems problems={problems} />}
        </PartValue>
      </Block>
      <ListBlock title={text.card.medications} part={card.medications} now={now}>
        {(item) => (
          <>
            {item.text} {item.dosage && <span className={classes.soft}>{item.dosage}</span>}
          </>
        )}
      </ListBlock>
      <ListBlock title={text.card.vitals} part={card.vitals} now={now}>
        {(item) => (
          <>
            {item.text} <strong>{item.value}</strong>{' '}
            {item.at && <span className={classes.soft}>{formatAgo(item.at, now, language)}</span>}
          </>
        )}
      </ListBlock>
      <Block title={text.card.lastVisit}>
        <PartValue part={card.lastVisit} now={now}>
          {visit(formatDay)}
        </PartValue>
      </Block>
      <Block title={text.card.nextAppointment}>
        <PartValue part={card.nextAppointment} now={now}>
          {visit(formatAppointment)}
        </PartValue>
      </Block>
      <ListBlock title={text.card.openItems} part={card.openItems} now={now}>
        {(item) => (
          <>
            <span className={classes.tag}>{text.card.item[item.kind]}</span> {item.text}
          </>
        )}
      </ListBlock>
      {(known(card.flags)?.length ?? 0) > 0 && (
        <ListBlock title={text.card.flags} part={card.flags} now={now}>
          {(flag) => flag}
        </ListBlock>
      )}
      {known(card.pcp) && (
        <Block title={text.card.pcp}>
          <span>{known(card.pcp)}</span>
        </Block>
      )}
    </div>
  );
}

function Problems(props: { problems: readonly { text: string; main: boolean }[] }) {
  const { text } = useText();
  const main = props.problems.find((problem) => problem.main) ?? props.problems[0];
  if (!main) return <None />;
  const others = props.problems.filter((problem) => problem !== main).map((problem) => problem.text);
  return (
    <>
      <strong className={classes.mainProblem}>{main.text}</strong>
      {others.length > 0 && (
        <span className={classes.soft}>
          {text.card.also} {others.slice(0, shown).join(', ')}
          {others.length > shown && `, ${text.card.more(others.length - shown)}`}
        </span>
      )}
    </>
  );
}

function Block(props: { title: string; children: ReactNode }) {
  return (
    <section className={classes.block}>
      <h3 className={classes.blockTitle}>{props.title}</h3>
      {props.children}
    </section>
  );
}

function ListBlock<T>(props: {
  title: string;
  part: PartView<readonly T[]>;
  now: number;
  children: (item: T) => ReactNode;
}) {
  const { text } = useText();
  return (
    <Block title={props.title}>
      <PartValue part={props.part} now={props.now}>
        {(items) =>
          items.length === 0 ? (
            <None />
          ) : (
            <ul className={classes.list}>
              {items.slice(0, shown).map((item) => (
                <li key={JSON.stringify(item)}>{props.children(item)}</li>
              ))}
              {items.length > shown && <li className={classes.soft}>{text.card.more(items.length - shown)}</li>}
            </ul>
          )
        }
      </PartValue>
    </Block>
  );
}

function None() {
  const { text } = useText();
  return <span className={classes.soft}>{text.card.none}</span>;
}
