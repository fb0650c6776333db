/** Completion for fish. */
import type { Flag, Word } from './tree.ts';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Holds where the words before the cursor are these commands, and no further one. */
const conditionOf = ({ path, commands }: Word): string => {
  const parts = path.map((name) => `__fish_seen_subcommand_from ${name}`);
  const further = commands.map(({ name }) => name);
  if (further.length > 0) parts.push(`not __fish_seen_subcommand_from ${further.join(' ')}`);
  return quoted(parts.join('; and '));
};

const flagLine = (condition: string, { names, description, takesValue, choices }: Flag): string => {
  const options = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = takesValue ? ` -x${choices.length > 0 ? ` -a ${quoted(choices.join(' '))}` : ''}` : '';
  return `complete -c branchline -n ${condition} ${options.join(' ')}${value} -d ${quoted(description)}`;
};

const linesOf = (word: Word): string[] => {
  const condition = conditionOf(word);
  return [
    ...word.commands.map(
      ({ name, description }) => `complete -c branchline -n ${condition} -f -a ${name} -d ${quoted(description)}`,
    ),
    ...(word.choices.length > 0
      ? [`complete -c branchline -n ${condition} -f -a ${quoted(word.choices.join(' '))}`]
      : []),
    ...word.flags.map((flag) => flagLine(condition, flag)),
  ];
};

export const fishScript = (words: readonly Word[]): string =>
  [
    '# fish completion for branchline: branchline completion fish > ~/.config/fish/completions/branchline.fish',
    'complete -c branchline -f',
    ...words.flatMap(linesOf),
    '',
  ].join('\n');
