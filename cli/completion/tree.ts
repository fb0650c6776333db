/** The words of the command line, read from the commander tree: what may follow what. */
import type { Command, Option } from 'commander';

export interface Flag {
  /** `--json`, `-y`. */
  readonly names: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** One place in the tree. */
export interface Word {
  /** `['runs', 'list']`; the program itself is `[]`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** Those of the program are everywhere. */
  readonly flags: readonly Flag[];
  /** Values of the first argument, where it has a fixed set. */
  readonly choices: readonly string[];
}

const flagOf = ({ short, long, description, required, optional, argChoices }: Option): Flag => ({
  names: [long, short].filter((name): name is string => name !== undefined && name !== null),
  description,
  takesValue: required || optional,
  choices: argChoices ?? [],
});

const HELP: Flag = { names: ['--help', '-h'], description: 'how to use it', takesValue: false, choices: [] };

/** Every place, parents before children. */
export const treeOf = (program: Command): readonly Word[] => {
  const everywhere = program.options.map(flagOf);
  const visit = (command: Command, path: readonly string[]): Word[] => [
    {
      path,
      description: command.description(),
      commands: command.commands.map((child) => ({ name: child.name(), description: child.description() })),
      flags: [...(path.length === 0 ? [] : command.options.map(flagOf)), ...everywhere, HELP],
      choices: command.registeredArguments[0]?.argChoices ?? [],
    },
    ...command.commands.flatMap((child) => visit(child, [...path, child.name()])),
  ];
  return visit(program, []);
};
