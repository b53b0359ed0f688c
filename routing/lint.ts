import { forUrgent } from './compile.ts';
import { relations } from './conditions.ts';
import { check, type Finding, lintClinic, neverClosed, neverOpen } from './lint-clinic.ts';
import { asksChart, contradicts, covers, takesAll } from './overlap.ts';
import type { RouteRow, RoutingRows, TargetRow } from './rows.ts';

/** What is odd about these rows, worst first. */
export function lint(rows: RoutingRows): Finding[] {
  const enabled = rows.routes
    .filter((route) => route.enabled)
    .toSorted((a, b) => a.priority - b.priority || a.id - b.id);
  // An urgent call has no other intent: whether a rule names it changes nothing.
  const urgent = enabled.filter(forUrgent).map((route) => ({ ...route, intent: null }));
  const ordinary = enabled.filter((route) => !forUrgent(route));
  const findings = [
    ...[urgent, ordinary].flatMap((routes) => [...shadowed(routes), ...sameNumber(routes)]),
    ...enabled.flatMap((route) => [...impossible(route, rows), ...targetFindings(route, rows)]),
    ...wholeSet(urgent, ordinary),
    ...lintClinic(rows),
  ];
  const rank = { never: 0, nobody: 1, check: 2 } as const;
  return findings.toSorted((a, b) => rank[a.kind] - rank[b.kind]);
}

function shadowed(routes: readonly RouteRow[]): Finding[] {
  return routes.flatMap((route, index) => {
    const earlier = routes.slice(0, index).find((other) => covers(other, route));
    if (!earlier) return [];
    return [
      never(
        route,
        `'${earlier.name}' (priority ${earlier.priority}) takes every call that this one would; move it first`,
      ),
    ];
  });
}

function sameNumber(routes: readonly RouteRow[]): Finding[] {
  return routes.flatMap((route, index) => {
    const next = routes[index + 1];
    if (next?.priority !== route.priority || contradicts(route, next)) return [];
    return [
      check(
        route.name,
        `has the priority of '${next.name}', ${route.priority}, and a call may meet both: give them different numbers`,
      ),
    ];
  });
}

function impossible(route: RouteRow, rows: RoutingRows): Finding[] {
  const findings: Finding[] = [];
  const { caller, line, directLine, schedule, whileOpen, staff } = route;
  if (caller !== null && caller !== 'known' && asksChart(route)) {
    findings.push(never(route, `asks for the caller '${caller}' and for the chart, which only a known caller has`));
  }
  const owner = rows.lines.find((candidate) => candidate.number === line);
  if (owner && directLine !== null && (owner.directPractitioner !== null) !== directLine) {
    findings.push(never(route, `its line is ${directLine ? 'not ' : ''}a provider's own`));
  }
  if (directLine === true && !rows.lines.some((candidate) => candidate.directPractitioner !== null)) {
    findings.push(never(route, "no line is a provider's own: set line.direct_practitioner_id"));
  }
  const hours = rows.schedules.find((candidate) => candidate.name === schedule);
  if (hours && whileOpen === true && neverOpen(hours)) findings.push(never(route, `${hours.name} is never open`));
  if (hours && whileOpen === false && neverClosed(hours)) findings.push(never(route, `${hours.name} is never closed`));
  if (staff !== null && !relations.has(staff) && !rows.staff.some((person) => person.extension === staff)) {
    findings.push(never(route, `extension ${staff} is nobody's, and has no state`));
  }
  return findings;
}

function targetFindings(route: RouteRow, rows: RoutingRows): Finding[] {
  const { targets } = route;
  const end = targets.findIndex((target) => target.kind === 'goodbye');
  const afterEnd = targets.length - 1 - end;
  return [
    ...(targets.length === 0 ? [check(route.name, 'has no target: its calls go to the last resort at once')] : []),
    ...(end >= 0 && afterEnd > 0
      ? [check(route.name, `${afterEnd} of its targets come after goodbye and are never reached`)]
      : []),
    ...targets.flatMap((target) =>
      nobodyAt(target, rows).map((text) => ({ kind: 'nobody', about: route.name, text }) as const),
    ),
  ];
}

function nobodyAt({ kind, value }: TargetRow, rows: RoutingRows): string[] {
  const phones = rows.staff.filter((person) => person.extension !== null);
  switch (kind) {
    case 'team':
    case 'queue':
    case 'callback': {
      const members = rows.teams.find((team) => team.name === value)?.members ?? [];
      return phones.some((person) => members.includes(person.id)) ? [] : [`${kind} ${value} has nobody with a phone`];
    }
    case 'on-call': {
      const members = rows.rotations.find((rotation) => rotation.name === value)?.members ?? [];
      const reachable = members.some(
        ({ staffId, outside }) => outside !== null || phones.some((person) => person.id === staffId),
      );
      return reachable ? [] : [`rotation ${value} has nobody with a phone: add rows to on_call_member`];
    }
    case 'line-owner':
      return rows.lines
        .filter((line) => line.directPractitioner !== null)
        .filter((line) => !phones.some((person) => person.practitioner === line.directPractitioner))
        .map((line) => `the owner of line ${line.name} has no phone: set staff.practitioner_id and staff.extension`);
    default:
      return [];
  }
}

function wholeSet(urgent: readonly RouteRow[], ordinary: readonly RouteRow[]): Finding[] {
  const findings: Finding[] = [];
  if (!ordinary.some(takesAll)) {
    findings.push(check('routes', 'no rule takes every call: what none takes rings the front desk, then says goodbye'));
  }
  if (!urgent.some(takesAll)) {
    findings.push(check('routes', 'no rule takes every urgent call: they ring nurse-triage, then everybody'));
  }
  for (const route of urgent.filter(({ percentage }) => percentage !== null)) {
    findings.push(check(route.name, 'is urgent and takes only a share of callers: the others ring nurse-triage'));
  }
  return findings;
}

function never(route: RouteRow, text: string): Finding {
  return { kind: 'never', about: route.name, text };
}
