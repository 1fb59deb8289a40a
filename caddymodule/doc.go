// Package caddymodule puts package signer behind Caddy's reverse_proxy.
//
// It registers these modules and directives:
//
//   - http.reverse_proxy.transport.partnersign, the transport: [Transport];
//   - http.handlers.partnersign_guard, who may call: [Guard];
//   - http.handlers.partnersign_connect, the proxy of applications that keep their URLs: [Connect];
//   - http.handlers.partnersign_verify, webhooks that come in: [Verifier];
//   - http.handlers.partnersign_health, probes: [Health];
//   - partnersign, the app with what the process shares: [App];
//   - partner_proxy, partner_connect, partnersign_guard, partnersign_verify and partnersign_health in a site, partnersign among the
//     global options.
package caddymodule
