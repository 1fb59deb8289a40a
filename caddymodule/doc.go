// Package caddymodule puts package signer behind Caddy's reverse_proxy.
//
// It registers these modules and directives:
//
//   - http.reverse_proxy.transport.partnersign, the transport: [Transport];
//   - http.handlers.partnersign_guard, who may call: [Guard];
//   - http.handlers.partnersign_verify, webhooks that come in: [Verifier];
//   - partnersign, the app with what the process shares: [App];
//   - partner_proxy, partnersign_guard and partnersign_verify in a site, partnersign among the
//     global options.
package caddymodule
