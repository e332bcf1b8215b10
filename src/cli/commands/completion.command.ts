import { AppError } from '../../lib/errors/app-error.js';
import { command } from '../command.js';
import { commandTree } from '../completion/command-tree.js';
import { SCRIPTS } from '../completion/shell-scripts.js';

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
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (!script) {
      throw new AppError('BAD_OPTION', `there is no completion for ${JSON.stringify(shell)}`, {
        hint: `Shells: ${Object.keys(SCRIPTS).join(', ')}.`,
      });
    }
    out.raw(script(commandTree(program)));
  },
});
