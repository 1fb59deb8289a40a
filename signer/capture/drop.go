package capture

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dropWait bounds how long a flow is waited for to forget its token. Whoever
// holds it is about to replace the token.
const dropWait = 2 * time.Second

// dropAfter forgets the token that was sent if the answer has ended it.
func (k *call) dropAfter(res *http.Response) {
	if res == nil || k.sent.Reveal() == "" {
		return
	}
	ends := func(d dropRule) bool {
		if !slices.Contains(d.status, res.StatusCode) && !slices.Contains(d.status, res.StatusCode/100) {
			return false
		}
		if d.any {
			return true
		}
		_, ok := d.path.match(k.path)
		return ok && d.method == k.method
	}
	if slices.ContainsFunc(k.capture.drops, ends) {
		k.drop()
	}
}

// drop forgets the token that was sent if it is still the one that is stored,
// whatever becomes of the client meanwhile.
func (k *call) drop() {
	c := k.capture
	ctx, cancel := context.WithTimeout(context.Background(), dropWait)
	defer cancel()
	lock := k.lock
	if lock == nil {
		var err error
		if lock, err = c.store.Lock(ctx, k.flow.key); err != nil {
			c.report(kindOf(err), k.flow, err)
			return
		}
		defer lock.Unlock()
	}
	switch gone, err := lock.Delete(ctx, k.sent); {
	case err != nil:
		c.report(kindOf(err), k.flow, err)
	case gone:
		c.report(Dropped, k.flow, nil)
	}
}

// ParseStatus reads a status for Drop: a code, such as 401, or a class, such as
// 2xx.
func ParseStatus(word string) (int, error) {
	digits, isClass := strings.CutSuffix(word, "xx")
	status, err := strconv.Atoi(digits)
	if err != nil || isClass != (status <= 5) || !isStatus(status) || strconv.Itoa(status) != digits {
		return 0, errStatus
	}
	return status, nil
}

func isStatus(status int) bool {
	return 1 <= status && status <= 5 || 200 <= status && status <= 599
}

var errStatus = errors.New("expected status codes, such as 401, or classes, such as 2xx")
