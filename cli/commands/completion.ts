import { Argument, type Command } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { treeOf, type Word } from '../completion/tree.ts';
import { zshScript } from '../completion/zsh.ts';
import { asJson, type Session } from '../context.ts';
import { withExamples } from '../help.ts';

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const satisfies Record<
  string,
  (words: readonly Word[]) => string
>;
type Shell = keyof typeof SHELLS;

export const addCompletion = (program: Command, session: Session): void => {
  const completion = program
    .command('completion')
    .description('Prints a script that lets a shell complete commands and options.')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SHELLS)))
    // Needs no deployment: opens no connection.
    .action((shell: Shell, _options: unknown, command: Command) => {
      const { terminal } = session.outside;
      const script = SHELLS[shell](treeOf(program));
      const { json } = command.optsWithGlobals<{ json?: boolean }>();
      terminal.out(json === true ? `${asJson({ shell, script }, terminal)}\n` : script);
    });
  withExamples(
    completion,
    ['source <(branchline completion bash)', 'for this bash; in ~/.bashrc for every one'],
    ['branchline completion zsh > ~/.zfunc/_branchline', 'once, for zsh'],
    ['branchline completion fish > ~/.config/fish/completions/branchline.fish', 'once, for fish'],
  );
};
