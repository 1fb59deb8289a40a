// Package dfns makes requests that Dfns accepts (https://docs.dfns.co), as steps
// of package signer.
//
// # Who calls
//
// A service account's token goes into Authorization like that of any partner;
// [Token] refuses one that has expired and tells in time that it will, because
// Dfns has no way to renew it. [App] names the application, for organisations
// that still use them, and [APISignature] signs each request of a server-signed
// one.
//
// # What is authorised
//
// Nearly every write needs a token of its own, good for that one request, in
// X-DFNS-USERACTION. [UserAction] asks Dfns for a challenge over the method, the
// path and the body, signs it with the credential's key, and gets the token for
// the signature. That takes two calls, which go through a [Caller] with the same
// credentials as the request itself.
//
// Nothing is kept from one request to the next and nothing is shared between
// requests at the same time. A challenge that fails is started anew, at most
// twice, when the cause may pass; whatever else goes wrong is a problem that the
// client is told, and the request is not sent.
//
// # Webhooks
//
// [VerifyWebhook] tells what Dfns sends from what others do, and a
// [WebhookMemory] the first time from the second.
//
// # The API's calls
//
// [UnsignedCalls], [GuardedCalls], [ActionCalls] and [RetryRules] tell Dfns'
// calls apart. They are data, for configurations to start from.
//
// The bytes matter: bodies are signed as they are sent, never parsed and written
// again, and JSON is written as JavaScript's JSON.stringify does, without the
// escapes that encoding/json adds for HTML.
package dfns

// The headers of Dfns, in the canonical form of net/http.
const (
	headerAppID        = "X-Dfns-Appid"
	headerAppSecret    = "X-Dfns-Appsecret"
	headerNonce        = "X-Dfns-Nonce"
	headerAPISignature = "X-Dfns-Apisignature"
	headerUserAction   = "X-Dfns-Useraction"
)
