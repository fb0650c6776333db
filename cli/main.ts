/** From the words of the command line to the exit code. Every error is told here, in one of two ways. */
import { CommanderError } from 'commander';
import { asJson, type Outside, Session } from './context.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { asFailure, Failure } from './failure.ts';
import { createProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

/** What commander refuses, in our words. */
const usageFailure = (error: CommanderError): Failure => {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const hint = rest.join(' ').trim();
  return new Failure('BL6001', `${first}${hint === '' ? '' : ` ${hint}`}`, { data: { reason: error.code } });
};

const tell = (terminal: Terminal, failure: Failure, json: boolean): void => {
  const report = failure.report();
  if (json) {
    terminal.out(`${asJson(report, terminal)}\n`);
    return;
  }
  terminal.err(`${terminal.styleErr(['bold', 'red'], report.message)}\n  ${report.remedy}\n`);
};

/** @param words without node and script. */
export const main = async (words: readonly string[], outside: Outside): Promise<ExitCode> => {
  const { terminal } = outside;
  // Also where the words cannot be parsed.
  const json = words.includes('--json');
  const session = new Session(outside);
  const program = createProgram(session);
  try {
    if (words.length === 0) {
      terminal.err(program.helpInformation({ error: true }));
      return EXIT.usage;
    }
    await program.parseAsync([...words], { from: 'user' });
    return session.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    // A group without a command: commander has printed its help already.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
    const failure = error instanceof CommanderError ? usageFailure(error) : asFailure(error);
    tell(terminal, failure, json);
    return failure.exitCode;
  } finally {
    session.close();
  }
};
