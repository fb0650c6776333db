/** Completion for zsh. */
import type { Flag, Word } from './tree.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** In \`_arguments\` and \`_describe\` a colon parts, brackets enclose. */
const plainly = (text: string): string => text.replaceAll(/[:[\]\\]/g, ' ');

const functionOf = (path: readonly string[]): string => ['_branchline', ...path].join('_').replaceAll('-', '_');

const specOf = ({ names, description, takesValue, choices }: Flag): string[] => {
  const value = takesValue ? `:value:${choices.length > 0 ? `(${choices.join(' ')})` : ''}` : '';
  return names.map((name) => quoted(`${name}[${plainly(description)}]${value}`));
};

const functionFor = ({ path, commands, flags, choices }: Word): string => {
  const specs = flags.flatMap(specOf);
  const lines = specs.map((spec) => `    ${spec} \\`);
  if (commands.length === 0) {
    const argument = choices.length > 0 ? quoted(`1:value:(${choices.join(' ')})`) : "'*: :_default'";
    return `${functionOf(path)}() {\n  _arguments \\\n${lines.join('\n')}\n    ${argument}\n}\n`;
  }
  const names = commands.map(({ name, description }) => `    ${quoted(`${name}:${plainly(description)}`)}`);
  const branches = commands.map(({ name }) => `        ${name}) ${functionOf([...path, name])} ;;`);
  return `${functionOf(path)}() {
  local context state line
  local -a commands
  commands=(
${names.join('\n')}
  )
  _arguments -C \\
${lines.join('\n')}
    '1: :->command' '*:: :->rest'
  case "$state" in
    command) _describe command commands ;;
    rest)
      case "$words[1]" in
${branches.join('\n')}
      esac ;;
  esac
}
`;
};

export const zshScript = (words: readonly Word[]): string => `#compdef branchline
# zsh completion for branchline: branchline completion zsh > ~/.zfunc/_branchline
${words.map(functionFor).join('\n')}
if [ "$funcstack[1]" = "_branchline" ]; then _branchline "$@"; else compdef _branchline branchline; fi
`;
