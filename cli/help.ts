/** `--help`: examples first, since that is what most look for; then usage, arguments and options. */
import { type Command, Help } from 'commander';
import { EXIT_MEANING } from './exit-codes.ts';

export interface Example {
  readonly command: string;
  readonly does: string;
}

/** Where no terminal tells its own. */
const WIDTH = 100;

const known = new WeakMap<Command, readonly Example[]>();

/** `list --waiting` for the command `branchline runs list` is written without `branchline runs`. */
export const withExamples = (
  command: Command,
  ...lines: readonly (readonly [command: string, does: string])[]
): Command => {
  known.set(
    command,
    lines.map(([text, does]) => ({ command: text, does })),
  );
  return command;
};

export const examplesOf = (command: Command): readonly Example[] => known.get(command) ?? [];

const exampleBlock = (command: Command, helper: Help): string => {
  const examples = examplesOf(command);
  if (examples.length === 0) return '';
  const width = Math.max(...examples.map(({ command: text }) => text.length));
  const lines = examples.map(
    ({ command: text, does }) => `  ${helper.styleCommandText(text)}${' '.repeat(width - text.length)}   # ${does}`,
  );
  return `${helper.styleTitle('Examples:')}\n${lines.join('\n')}\n\n`;
};

const exitCodeBlock = (helper: Help): string =>
  `\n${helper.styleTitle('Exit codes:')}\n${Object.entries(EXIT_MEANING)
    .map(([code, meaning]) => `  ${code}  ${meaning}`)
    .join('\n')}\n`;

/** Commander's own help stands below ours; subcommands inherit both. */
export const branchlineHelp = {
  showGlobalOptions: true,
  // Commands in the order of this program, options by name.
  sortSubcommands: false,
  formatHelp: (command: Command, helper: Help): string => {
    const description = helper.boxWrap(helper.commandDescription(command), helper.helpWidth ?? WIDTH);
    // Commander's form without the description, which stands above the examples.
    const rest: Help = Object.create(helper, { commandDescription: { value: () => '' } });
    const usual = Help.prototype.formatHelp.call(rest, command, rest);
    const exits = command.parent === null ? exitCodeBlock(helper) : '';
    return `${description}\n\n${exampleBlock(command, helper)}${usual}${exits}`;
  },
} as const;
