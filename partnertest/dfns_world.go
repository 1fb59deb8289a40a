package partnertest

import (
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"time"
)

// A dfnsWorld is what there is behind the calls: just enough of each entity for Dfns' own
// SDK and for counting. It is guarded by Dfns.mu. Lists have one page.
type dfnsWorld struct {
	now         func() time.Time
	anyPath     bool
	user        string   // who asks: the one service account
	credentials []string // its credentials

	wallets     dfnsShelf[*dfnsWallet]
	keys        dfnsShelf[*dfnsKey]
	requests    dfnsShelf[*dfnsRequest] // transfers, transactions and signatures
	policies    dfnsShelf[*dfnsPolicy]
	approvals   dfnsShelf[*dfnsApproval]
	permissions dfnsShelf[*dfnsPermission]
}

func newDfnsWorld(opts DfnsOptions) *dfnsWorld {
	return &dfnsWorld{
		now:         opts.Now,
		anyPath:     opts.AnyPath,
		user:        newDfnsID("us"),
		credentials: slices.Sorted(maps.Keys(opts.Credentials)),
	}
}

// A dfnsCall is a call to the world. Its ids are the segments at a route's asterisks.
type dfnsCall struct {
	seen *Request
	ids  []string
}

// dfnsRoutes are the calls that the world answers.
var dfnsRoutes = map[string]func(*dfnsWorld, dfnsCall) (dfnsReply, *dfnsRefusal){
	"GET /auth/service-accounts":            (*dfnsWorld).listServiceAccounts,
	"GET /keys":                             (*dfnsWorld).listKeys,
	"POST /keys":                            (*dfnsWorld).createKey,
	"GET /keys/*":                           (*dfnsWorld).getKey,
	"GET /keys/*/signatures":                ofKey(listRequests),
	"POST /keys/*/signatures":               ofKey(createRequest),
	"GET /keys/*/signatures/*":              ofKey(getRequest),
	"GET /permissions":                      (*dfnsWorld).listPermissions,
	"POST /permissions":                     (*dfnsWorld).createPermission,
	"GET /v2/policies":                      (*dfnsWorld).listPolicies,
	"POST /v2/policies":                     (*dfnsWorld).createPolicy,
	"GET /v2/policies/*":                    (*dfnsWorld).getPolicy,
	"DELETE /v2/policies/*":                 (*dfnsWorld).archivePolicy,
	"GET /v2/policy-approvals":              (*dfnsWorld).listApprovals,
	"GET /v2/policy-approvals/*":            (*dfnsWorld).getApproval,
	"POST /v2/policy-approvals/*/decisions": (*dfnsWorld).decide,
	"GET /wallets":                          (*dfnsWorld).listWallets,
	"POST /wallets":                         (*dfnsWorld).createWallet,
	"GET /wallets/*":                        (*dfnsWorld).getWallet,
	"PUT /wallets/*":                        (*dfnsWorld).updateWallet,
	"GET /wallets/*/signatures":             ofWallet(dfnsSignature, listRequests),
	"POST /wallets/*/signatures":            ofWallet(dfnsSignature, createRequest),
	"GET /wallets/*/signatures/*":           ofWallet(dfnsSignature, getRequest),
	"GET /wallets/*/transactions":           ofWallet(dfnsTransaction, listRequests),
	"POST /wallets/*/transactions":          ofWallet(dfnsTransaction, createRequest),
	"GET /wallets/*/transactions/*":         ofWallet(dfnsTransaction, getRequest),
	"GET /wallets/*/transfers":              ofWallet(dfnsTransfer, listRequests),
	"POST /wallets/*/transfers":             ofWallet(dfnsTransfer, createRequest),
	"GET /wallets/*/transfers/*":            ofWallet(dfnsTransfer, getRequest),
}

// serve answers a call that has been authorised.
func (w *dfnsWorld) serve(seen *Request) (dfnsReply, *dfnsRefusal) {
	path, _ := seen.splitTarget()
	method := seen.Method
	if method == "HEAD" {
		method = "GET"
	}
	for route, serve := range dfnsRoutes {
		if ids, ok := matchPath(route, method+" "+path); ok {
			return serve(w, dfnsCall{seen, ids})
		}
	}
	if w.anyPath {
		return dfnsReply{status: 200, body: struct{}{}}, nil
	}
	return dfnsReply{}, refuse(404, "There is no %s %s.", seen.Method, path)
}

// date is the time now as Dfns writes it.
func (w *dfnsWorld) date() string { return w.now().UTC().Format(isoTime) }

// newDfnsID makes an id like those of Dfns: wa-1f04s-lqc9q-0123456789abcdef.
func newDfnsID(prefix string) string {
	text := strings.ToLower(rand.Text())
	return prefix + "-" + text[:5] + "-" + text[5:10] + "-" + text[10:26]
}
