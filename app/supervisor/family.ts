import { Child, type ChildSpec, type Ready, Stopped, type Surroundings } from './child.ts';

const slowMs = 10_000;

/** The children of one supervisor, by name. */
export class Family {
  readonly #around: Surroundings;
  readonly #children = new Map<string, Child>();
  #stopping = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Starts a child and resolves when it is ready; rejects when it does not come up or everything is being stopped. */
  async start(spec: ChildSpec): Promise<Ready> {
    if (this.#stopping) throw new Stopped(`${spec.name} is not started any more`);
    const child = new Child(spec, this.#around);
    this.#children.set(spec.name, child);
    const { logs, report } = this.#around;
    const slow = setTimeout(() => report(`still waiting for ${spec.name}; see ${logs}/${spec.name}.log`), slowMs);
    return child.start().finally(() => clearTimeout(slow));
  }

  /** Stops all, group after group; a group's children together. Resolves when no process is left. */
  async stop(order: readonly (readonly string[])[]): Promise<void> {
    this.#stopping = true;
    for (const group of order) await Promise.all(group.map((name) => this.#children.get(name)?.stop()));
  }

  /** Does not wait for those that drain. `except`: what must end by itself to leave its data whole. */
  hurry(except: readonly string[]): void {
    for (const child of this.#children.values()) if (!except.includes(child.name)) child.kill();
  }
}
