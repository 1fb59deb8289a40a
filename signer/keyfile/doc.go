// Package keyfile makes keys, writes their public halves in the forms that
// partners register, and says what files of keys and tokens hold without giving
// it away.
package keyfile
