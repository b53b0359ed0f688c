import { mdiAlertOctagon, mdiCheckCircleOutline } from '@mdi/js';
import type { CardView } from '../../../app/api-types.ts';
import { Icon } from '../shell/Icon.tsx';
import { useText } from '../text.tsx';
import classes from './call.module.css';
import { PartValue } from './PartValue.tsx';

/** The allergy band: told by icon, word and weight, not by colour alone; the severe ones first. */
export function Allergies(props: { allergies: CardView['allergies']; now: number }) {
  const { text } = useText();
  const { allergies } = props;
  const count = 'value' in allergies ? allergies.value.length : null;
  const onFile = (count ?? 0) > 0 || (allergies.state === 'hidden' && allergies.present === true);
  return (
    <section className={classes.allergies} data-on-file={onFile} aria-label={text.card.allergies}>
      <h3 className={classes.allergiesTitle}>
        <Icon path={onFile ? mdiAlertOctagon : mdiCheckCircleOutline} size="1.3em" /> {text.card.allergies}
      </h3>
      {allergies.state === 'hidden' && allergies.present !== null ? (
        <span>{allergies.present ? text.card.allergiesOnFile : text.card.noAllergies}</span>
      ) : (
        <PartValue part={allergies} now={props.now}>
          {(all) =>
            all.length === 0 ? (
              <span>{text.card.noAllergies}</span>
            ) : (
              <ul>
                {severeFirst(all).map((allergy) => (
                  <li key={allergy.text} data-severe={allergy.criticality === 'high'}>
                    <strong>{allergy.text}</strong>
                    {describe(allergy, text.card.severe)}
                  </li>
                ))}
              </ul>
            )
          }
        </PartValue>
      )}
    </section>
  );
}

type Allergy = { readonly text: string; readonly criticality: string | null; readonly reaction: string | null };

function severeFirst(all: readonly Allergy[]): readonly Allergy[] {
  return [...all].sort((a, b) => Number(b.criticality === 'high') - Number(a.criticality === 'high'));
}

function describe(allergy: Allergy, severe: string): string {
  const words = [allergy.criticality === 'high' ? severe : null, allergy.reaction].filter(Boolean);
  return words.length > 0 ? ` ${words.join(', ')}` : '';
}
