// Package capture keeps tokens that a partner tells only once, and puts them on
// the later calls that need them, as a step of package signer.
//
// # A flow
//
// One call mints a token, such as POST /flow/:flow/source; its answer is the
// only place where it is ever told. Others carry it in a header. What belongs
// together has the same ids, which are segments of the paths: a [Capture] takes
// the token from the answer, keeps it under the upstream, the ids and, if asked,
// the client, and sends it on the calls of the same flow. Clients may guess an
// id; [Options].PerClient keeps one from using what belongs to another.
//
// # What is promised
//
// The token is stored before the client gets the answer. Whoever has seen the
// answer can make the next call, by this proxy or another with the same store;
// with a [Sealed] one after a crash, too. Two calls that mint for one flow run one after the other,
// because the order of answers does not tell which token lives: the second waits,
// unless it would have too little time left, and is then refused unsent. So is
// every mint while the store cannot be reached: its token would be lost.
//
// An answer that cannot be used is given to the client as it came, byte for
// byte, and reported: one that is compressed though identity was asked for, is
// not JSON, is longer than 1 MiB, belongs to another flow, or cannot be stored.
//
// # While a token is minted
//
// Calls that carry the token do not wait for a mint that is under way: they
// carry what is stored when they are signed, as a client with two calls in flight
// would. If the mint was faster the partner refuses the old token, and the new
// one stays: a token is dropped only while it is the one that was sent.
//
// # Where tokens are
//
// [Memory] keeps them in this process. [Sealed] keeps them encrypted in a
// [Storage] that processes may share. A call that needs a store which does not
// answer is refused within seconds; nothing else is touched, and nothing has to
// be restarted when it is back.
//
// Tokens print as [token], whatever the verb, and no error or [Event] holds one.
package capture
