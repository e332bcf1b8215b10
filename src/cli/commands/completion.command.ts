import { AppError } from '../../lib/errors/app-error.js';
import { command } from '../command.js';
import { bashScript } from '../completion/bash-script.js';
import { commandTree } from '../completion/command-tree.js';
import { fishScript } from '../completion/fish-script.js';
import { zshScript } from '../completion/zsh-script.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };
const SHELLS = Object.keys(SCRIPTS);

export const completion = command({
  name: 'completion <shell>',
  summary: 'print the script that completes commands and options in bash, zsh or fish',
  modes: ['text'],
  examples: [
    'source <(wasm-sensors completion bash)    # in ~/.bashrc',
    'source <(wasm-sensors completion zsh)     # in ~/.zshrc, after compinit',
    'wasm-sensors completion fish | source     # in ~/.config/fish/config.fish',
  ],
  async action({ out, args: { shell }, program }) {
    if (!Object.hasOwn(SCRIPTS, shell)) {
      throw new AppError('BAD_OPTION', `there is no completion for ${JSON.stringify(shell)}`, {
        hint: `Shells: ${SHELLS.join(', ')}.`,
      });
    }
    const script = SCRIPTS[shell as keyof typeof SCRIPTS](commandTree(program));
    out.raw(script);
  },
});
