// Package keys opens the secrets and private keys that a configuration refers
// to, follows them as their files change, and never prints them.
//
// # References
//
// A configuration names its secrets, it does not hold them: a reference is
// {env.NAME} or {file./absolute/path}, nothing else. [Loader.Secret] opens one
// for a header, [Loader.Text] a text with references and times in it, and
// [Loader.Key] a private key, which may also be given as a plain absolute path.
// What is not a reference may be a secret that was put in the wrong place, so
// no error repeats it.
//
// # Files that change
//
// A file is looked at when it is used, at most once a second, by one goroutine;
// there is nothing to close. Renames over the file, symbolic links that point
// elsewhere, and writes in place are noticed. A [Secret] or [Text] whose file
// can no longer be used is an error until the file is good again: a token that
// was taken away must not be sent. A [Key] goes on signing with what it had: a
// half-finished rotation must not stop the traffic. [Loader.Reloaded] hears of
// both. Environment variables are read once.
//
// # Signatures
//
// [Key.Sign] makes the signatures of RFC 9421, section 3.3, with keys from PEM
// (PKCS #8, PKCS #1, SEC 1), JWK and JWK sets, plain HMAC secrets, and with any
// [crypto.Signer], such as one in an HSM or a cloud's key service. Keys on
// secp256k1, in PEM, are used only where [ECDSASecp256k1SHA256] is asked for.
//
// # What is printed
//
// [Secret], [Text] and [Key] print as [secret], [text] and [key], whatever the
// verb, encoder or logger, and inside other values too: they hold what they
// know in a closure, which has no fields that reflection could walk.
package keys
