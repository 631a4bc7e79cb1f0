/**
The completion scripts. They hand the words of the command line to `coppice __complete`, which knows verbs, options, branches, tags and
services, and prints a candidate a line: its value, a tab, what it is. The lines `:files` and `:folders` leave it to the shell.
*/
import {CoppiceError} from '../../system/errors.ts';

// Bash splits words at "=" too, so `--driver=b` comes as three words.
const bash = String.raw`# bash completion of coppice
_coppice() {
	local current=${'$'}{COMP_WORDS[COMP_CWORD]} word value description
	local -a words=()
	for word in "${'$'}{COMP_WORDS[@]:1:COMP_CWORD}"; do
		[[ $word == '=' ]] || words+=("$word")
	done
	if [[ $current == '=' ]]; then
		current=''
		words+=('')
	fi
	COMPREPLY=()
	while IFS=$'\t' read -r value description; do
		case $value in
			:files) compopt -o filenames 2>/dev/null; while read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current") ;;
			:folders) compopt -o filenames 2>/dev/null; while read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$current") ;;
			*) COMPREPLY+=("$value") ;;
		esac
	done < <("${'$'}{COMP_WORDS[0]}" __complete -- "${'$'}{words[@]}" 2>/dev/null)
}
complete -F _coppice coppice
`;

const zsh = String.raw`#compdef coppice
# zsh completion of coppice
_coppice() {
	local line value
	local -a candidates
	while IFS= read -r line; do
		value=${'$'}{line%%$'\t'*}
		case $value in
			:files) _files; return ;;
			:folders) _files -/; return ;;
			*) candidates+=("${'$'}{value//:/\\:}:${'$'}{line#*$'\t'}") ;;
		esac
	done < <("${'$'}{words[1]}" __complete -- "${'$'}{(@)words[2,CURRENT]}" 2>/dev/null)
	_describe -V 'coppice' candidates
}
if [ "${'$'}{funcstack[1]}" = _coppice ]; then
	_coppice "$@"
else
	compdef _coppice coppice
fi
`;

const fish = `# fish completion of coppice
function __coppice_complete
	set -l words (commandline -opc) (commandline -ct)
	for line in ($words[1] __complete -- $words[2..-1] 2>/dev/null)
		switch $line
			case ':files*'
				__fish_complete_path (commandline -ct)
			case ':folders*'
				__fish_complete_directories (commandline -ct)
			case '*'
				echo $line
		end
	end
end
complete -c coppice -f -k -a '(__coppice_complete)'
`;

const scripts: Readonly<Record<string, string>> = {bash, zsh, fish};

/**
@throws CoppiceError `usage` for a shell that there is no script for.
*/
export const completionScript = (shell: string): string => {
	const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
	if (script === undefined) {
		throw new CoppiceError('usage', `There is no completion for the shell ${shell}.`, {hint: `Choose one of ${Object.keys(scripts).join(', ')}.`});
	}

	return script;
};
