// Package caddymodule puts package signer behind Caddy's reverse_proxy.
//
// It registers these modules and directives:
//
//   - http.reverse_proxy.transport.partnersign, the transport: [Transport];
//   - http.handlers.partnersign_guard, who may call: [Guard];
//   - partnersign, the app with what the process shares: [App];
//   - partner_proxy and partnersign_guard in a site, partnersign among the
//     global options.
package caddymodule
