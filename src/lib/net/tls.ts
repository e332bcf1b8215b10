/** Certificates and keys in PEM files, checked before a server starts with them. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { AppError, messageOf } from '../errors/app-error.js';

/** Throws `TLS_UNREADABLE`, or `TLS_UNUSABLE` when the files are not a certificate and its key. */
export function readKeyPair(certFile: string, keyFile: string): { cert: string; key: string } {
  const pair = { cert: read(certFile), key: read(keyFile) };
  try {
    createSecureContext(pair);
  } catch (error) {
    const why = `${certFile} and ${keyFile} are not a certificate and its key: ${messageOf(error)}`;
    const hint = 'Both must be PEM files, and the key must be that of the certificate.';
    throw new AppError('TLS_UNUSABLE', why, { hint });
  }
  return pair;
}

/** The text of a file with certificates of authorities. Throws `TLS_UNREADABLE` or `TLS_UNUSABLE`. */
export function readCaFile(file: string): string {
  const text = read(file);
  certificateIn(file, text);
  return text;
}

/** Whether the certificate in this file signed itself, so that it is its own authority. Throws as {@link readCaFile}. */
export function isSelfSigned(file: string): boolean {
  const certificate = certificateIn(file, read(file));
  return certificate.checkIssued(certificate);
}

function certificateIn(file: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    const hint = 'It must be a PEM file.';
    throw new AppError('TLS_UNUSABLE', `${file} has no certificate: ${messageOf(error)}`, { hint });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new AppError('TLS_UNREADABLE', `can't read the certificate or key ${file}: ${messageOf(error)}`, {
      hint: 'Name a PEM file that this user can read.',
    });
  }
}
