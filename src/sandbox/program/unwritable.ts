import { ConfigError, errorCode } from '../../core/errors.ts';
import { quotedPath } from '../../core/quoting.ts';

/** The error for a file or a folder of a flag that cannot be written. */
export function unwritable(flag: string, path: string, error: unknown): ConfigError {
  const code = errorCode(error);
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'its folder does not exist. Create the folder first.',
    ENOTDIR: 'a part of the path is a file. Choose another path.',
    EEXIST: 'it is a file. Give the name of a folder.',
    EISDIR: 'it is a folder. Give the name of a file.',
  };
  const reason = reasons[code] ?? `check the permissions and the disk (${code || String(error)}).`;
  return new ConfigError(`${flag}: ${quotedPath(path)} cannot be written: ${reason}`, '', error);
}
