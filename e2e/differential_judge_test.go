package e2e

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A diffJudge is verifier/differential.mjs, which shares no code with the product
// and none with these tests.
type diffJudge struct {
	mu      sync.Mutex
	in      *bufio.Writer
	waiting chan func(verdict string)
	ended   chan struct{}
}

// A diffExchange is what a client sent and what became of it.
type diffExchange struct {
	block          int
	sent, received []byte
	status         int
	answer         []byte
}

func startJudge(t *testing.T, blocks []diffBlock, keys map[string]map[string]string) *diffJudge {
	t.Helper()
	cmd := exec.Command("node", "differential.mjs")
	cmd.Dir, cmd.Stderr = "verifier", os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	j := &diffJudge{in: bufio.NewWriterSize(in, 1<<16), waiting: make(chan func(string), 4096), ended: make(chan struct{})}
	go func() {
		defer j.end()
		verdicts := bufio.NewScanner(out)
		verdicts.Buffer(nil, 1<<20)
		for verdicts.Scan() {
			(<-j.waiting)(verdicts.Text())
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		j.finish()
		_ = in.Close()
		<-j.ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("the judge ended: %v", err)
		}
	})
	setting, err := json.Marshal(map[string]any{"keys": keys, "blocks": blocks})
	if err != nil {
		t.Fatal(err)
	}
	j.write(setting)
	return j
}

// ask has the judge tell then what it thinks of an exchange: nothing if it is as
// it must be, which kind says in a word or two.
func (j *diffJudge) ask(x diffExchange, then func(kind, mismatch string)) {
	var frame []byte
	for _, part := range [][]byte{[]byte(strconv.Itoa(x.block)), x.sent, []byte(strconv.Itoa(x.status)), x.answer, x.received} {
		frame = append(binary.BigEndian.AppendUint32(frame, uint32(len(part))), part...)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.hasEnded() {
		then("", judgeEnded)
		return
	}
	select {
	case <-j.ended:
		then("", judgeEnded)
		return
	case j.waiting <- func(verdict string) {
		if mismatch := ""; strings.HasPrefix(verdict, `"`) {
			_ = json.Unmarshal([]byte(verdict), &mismatch)
			then("", mismatch)
		} else {
			then(verdict, "")
		}
	}:
	}
	j.write(frame)
}

// now is ask that waits.
func (j *diffJudge) now(x diffExchange) (kind, mismatch string) {
	done := make(chan struct{})
	j.ask(x, func(k, m string) {
		kind, mismatch = k, m
		close(done)
	})
	j.finish()
	<-done
	return kind, mismatch
}

func (j *diffJudge) write(frame []byte) {
	_, _ = j.in.Write(binary.BigEndian.AppendUint32(nil, uint32(len(frame))))
	_, _ = j.in.Write(frame)
}

// finish sends what is still here.
func (j *diffJudge) finish() {
	j.mu.Lock()
	defer j.mu.Unlock()
	_ = j.in.Flush()
}

const judgeEnded = "the judge has ended"

func (j *diffJudge) hasEnded() bool {
	select {
	case <-j.ended:
		return true
	default:
		return false
	}
}

// end tells all who wait that no verdict will come.
func (j *diffJudge) end() {
	close(j.ended)
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		select {
		case then := <-j.waiting:
			then(strconv.Quote(judgeEnded))
		default:
			return
		}
	}
}
