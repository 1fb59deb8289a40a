package e2e

import (
	"fmt"
	"strings"
)

// judge compares what one client was told with what was seen on the wire.
func (r *record) judge(o told, mark int, shared bool) (outcome string) {
	c, seen := o.call, r.sightings[mark]
	wrong := func(format string, args ...any) {
		r.errorf("%v: %s\nseen: %v", o, fmt.Sprintf(format, args...), seen)
	}
	executed, turnedAway := 0, 0
	for _, s := range seen {
		if s.executed {
			executed++
		}
		if s.turnedAway || s.status == 401 {
			turnedAway++
		}
		if s.key != seen[0].key && s.whole && seen[0].whole {
			wrong("the keys are %q and %q", seen[0].key, s.key)
		}
		if c.profile.keyed && !c.safe() && s.whole && s.key == "" {
			wrong("it has no key")
		}
	}
	r.judgeRepeats(o, seen, shared, wrong)
	keyed := len(seen) > 0 && seen[0].key != ""
	once := !c.safe() && !keyed && !c.ruled(500) && !c.ruled(503) && !c.ruled(429) && o.sends < 2
	if once && executed > 1 {
		wrong("executed %d times", executed)
	}
	switch {
	case o.left:
		return "left"
	case o.err != nil:
		return "cut"
	case o.kind == "unread":
		return "problem, unread"
	case o.kind != "":
		return r.judgeProblem(o, seen, executed, turnedAway, wrong)
	case o.bare && o.status >= 500 && c.method != "HEAD":
		wrong("this is Caddy's own answer")
	case o.status == 200 && executed == 0, o.status == 200 && once && executed != 1:
		wrong("executed %d times", executed)
	case o.status == 200 && c.method != "HEAD" && !strings.Contains(o.text, fmt.Sprintf("m=%d.", mark)):
		wrong("this is the answer to another")
	case o.status != 200 && (len(seen) == 0 || !c.safe() && !answeredWith(seen, o.status)):
		wrong("nobody has answered so")
	}
	return fmt.Sprint(o.status)
}

func answeredWith(seen []*sighting, status int) bool {
	for _, s := range seen {
		if s.status == status {
			return true
		}
	}
	return false
}

// judgeRepeats looks for a reason to send it again in each sighting but one: the
// order of what comes on several connections is not known.
func (r *record) judgeRepeats(o told, seen []*sighting, shared bool, wrong func(string, ...any)) {
	if o.sends > 1 {
		return // the client has repeated it
	}
	c, final, lost, ruled, renewed := o.call, 0, 0, 0, 0
	for _, s := range seen {
		switch {
		case s.turnedAway:
			lost++
		case s.status != 0 && c.ruled(s.status):
			ruled++
		case s.status == 401 && c.profile.renews:
			renewed++
		case !s.heard && (s.death != "hang" || shared) && (c.safe() || s.key != "" || c.key != "" && !s.whole):
			lost++
		default:
			final++
		}
	}
	most := 1
	if c.profile.balanced {
		most = 4
	}
	surplus := final + max(0, lost-most) + max(0, ruled-c.attempts()+1) + max(0, renewed-1)
	if surplus > 1 {
		wrong("it was sent %d times: %d were lost or turned away, %d repeated by a rule, %d with a new token", len(seen), lost, ruled, renewed)
	}
}

// judgeProblem holds a problem to its word.
func (r *record) judgeProblem(o told, seen []*sighting, executed, turnedAway int, wrong func(string, ...any)) string {
	unsaid := o.detail
	for _, text := range []string{
		"whether it carried out the call is not known", "did not take the request, not even the second time",
		"the connection ended before the partner answered; try again", "the partner did not answer in time; try again",
	} {
		if strings.Contains(o.detail, text) {
			unsaid = ""
		}
	}
	switch {
	case strings.Contains(o.detail, "not even the second time"):
		if !o.call.safe() && (executed > 0 || turnedAway < len(seen)) {
			wrong("the partner has looked at it")
		}
	case unsaid != "" && len(seen) > turnedAway && !o.call.safe():
		wrong("it was sent")
	case unsaid == "" && o.call.safe() && strings.Contains(o.detail, "not known"):
		wrong("it may be repeated anyway")
	}
	return fmt.Sprintf("%d %s: %s", o.status, o.kind, o.detail)
}
