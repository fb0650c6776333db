/** Completion for bash, 3.2 and newer: macOS still has that one, so no associative arrays. */
import type { Word } from './tree.ts';

const key = (path: readonly string[]): string => `'${['branchline', ...path].join(' ')}'`;

export const bashScript = (words: readonly Word[]): string => {
  const valued = new Set(
    words.flatMap(({ flags }) => flags.filter(({ takesValue }) => takesValue).flatMap(({ names }) => names)),
  );
  const cases = words.map(({ path, commands, flags, choices }) => {
    const following = [...commands.map(({ name }) => name), ...choices].join(' ');
    const names = flags.flatMap((flag) => flag.names).join(' ');
    return `    ${key(path)}) words='${following}' flags='${names}' ;;`;
  });
  const values = words.flatMap(({ path, flags }) =>
    flags
      .filter(({ choices }) => choices.length > 0)
      .map(
        ({ names, choices }) =>
          `    ${names.map((name) => `${key(path).slice(0, -1)} ${name}'`).join('|')}) words='${choices.join(' ')}' ;;`,
      ),
  );
  const places = words.map(({ path }) => key(path)).join('|');
  return `# bash completion for branchline: source <(branchline completion bash)
_branchline() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local place='branchline' word words='' flags='' skip='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [ -n "$skip" ]; then skip=''; continue; fi
    case "$word" in
      ${[...valued].join('|')}) skip=1 ;;
      -*) ;;
      *) case "$place $word" in ${places}) place="$place $word" ;; esac ;;
    esac
  done
  COMPREPLY=()
  if [ -n "$skip" ]; then
    case "$place $previous" in
${values.join('\n')}
    *) return ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  case "$place" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}
complete -o default -F _branchline branchline
`;
};
