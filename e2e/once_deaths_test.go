package e2e

import (
	"math/rand/v2"
	"sync"
	"time"
)

// A death is what a dying partner does about one request, or one connection.
type death struct {
	kind     string
	bytes    int           // of the head, after which it dies
	reset    bool          // by RST instead of FIN
	stream   bool          // of the stream alone, where there are streams
	executes bool          // before it answers with status
	status   int           // of "status"
	pause    time.Duration // of "idle"
}

// The ways to die, by protocol. An idle connection ends after it was answered on.
var (
	connectionDeaths = []string{"accepted", "greeted"}
	commonDeaths     = []string{
		"head", "half body", "unexecuted", "executed", "informational", "half answer", "hang", "idle",
		"status 500", "status 503", "status 429", "status 401",
	}
	deathsOf = map[string][]string{
		"http/1.1": {"half status"},
		"h2":       {"half status", "refused stream", "other reset", "goaway below", "goaway at"},
		"h3":       {"refused stream", "other reset"},
	}
)

// A planner chooses deaths and counts those that have happened.
type planner struct {
	deaths []string

	mu       sync.Mutex
	rand     *rand.Rand
	dealt    int // deaths, from the pack
	happened map[string]int
}

func newPlanner(seed uint64, protocol string) *planner {
	deaths := append(append([]string{}, commonDeaths...), deathsOf[protocol]...)
	return &planner{deaths: deaths, rand: rand.New(rand.NewPCG(seed, 9110)), happened: map[string]int{}}
}

func (p *planner) all() []string { return append(append([]string{}, p.deaths...), connectionDeaths...) }

// connection is how a new connection dies before a request is looked at; mostly
// it does not.
func (p *planner) connection() death {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := death{reset: p.rand.IntN(2) == 0}
	if i := p.rand.IntN(16); i < len(connectionDeaths) {
		d.kind = connectionDeaths[i]
	}
	return d
}

// request is what becomes of a request; mostly it is answered.
func (p *planner) request() death {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rand
	d := death{
		bytes: 1 + r.IntN(600), reset: r.IntN(2) == 0, stream: r.IntN(4) > 0, executes: r.IntN(2) == 0,
		pause: time.Duration(r.IntN(4000)) * time.Microsecond,
	}
	if r.IntN(5) > 1 {
		return d
	}
	if p.dealt%len(p.deaths) == 0 {
		r.Shuffle(len(p.deaths), func(i, j int) { p.deaths[i], p.deaths[j] = p.deaths[j], p.deaths[i] })
	}
	d.kind = p.deaths[p.dealt%len(p.deaths)]
	p.dealt++
	switch d.kind {
	case "hang": // it takes its time
		if r.IntN(3) > 0 {
			d.kind = ""
		}
	case "status 500":
		d.status = 500
	case "status 503":
		d.status = 503
	case "status 429":
		d.status = 429
	case "status 401":
		d.status, d.executes = 401, false
	}
	return d
}

func (p *planner) count(kind string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.happened[kind]++
}
