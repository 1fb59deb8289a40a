package signer

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"testing/iotest"
	"unsafe"
)

// Each length has the place of the smallest buffers that hold it, which are a quarter
// longer at most.
func TestBufferSize(t *testing.T) {
	var sizes [len(buffers)]int
	last := smallBuffer
	for n := smallBuffer + 1; n <= largeBuffer; n++ {
		size, place := bufferSize(n)
		if size < n || size > n+n/4 || sizes[place] != 0 && sizes[place] != size {
			t.Fatalf("%d bytes: buffers of %d at %d, where others have %d", n, size, place, sizes[place])
		}
		if sizes[place] = size; n == size {
			if place > 0 && sizes[place-1] != last {
				t.Fatalf("buffers of %d follow those of %d", size, last)
			}
			last = size
		}
	}
	if last != largeBuffer || sizes[0] != smallBuffer*5/4 || sizes[len(sizes)-1] != largeBuffer {
		t.Errorf("buffers of %d", sizes)
	}
}

// At its bounds, and for what is beyond, a body has the memory it needs.
func TestBufferLengths(t *testing.T) {
	for n, want := range map[int]int{
		1: 0, smallBuffer - 1: 0, smallBuffer: 0, smallBuffer + 1: 40 << 10, 40 << 10: 40 << 10, 40<<10 + 1: 48 << 10,
		largeBody - 1: 64 << 10, largeBody: 64 << 10, largeBody + 1: 80 << 10, 1<<20 - 1: 1 << 20, 1 << 20: 1 << 20, 1<<20 + 1: 5 << 18,
		largeBuffer - 1: largeBuffer, largeBuffer: largeBuffer, largeBuffer + 1: 0,
	} {
		b, size := newBuffer(n), 0
		if b != nil {
			size = len(b.data)
		}
		if size != want {
			t.Errorf("%d bytes: a buffer of %d, want %d", n, size, want)
		}
		b.release()
		body := new(Body)
		if body.allocate(n); len(body.Bytes()) != n || (body.buffer == nil) != (want == 0) {
			t.Errorf("%d bytes: %d are allocated", n, len(body.Bytes()))
		}
		body.buffer.release()
	}
}

const bufferLength = 100 << 10

// usedAgain reports whether another body gets the memory that p points into, which
// was for length bytes, and fails if two get it. That nobody does proves little: a
// pool may forget, or keep things for another processor.
func usedAgain(t *testing.T, length int, p *byte) (found bool) {
	t.Helper()
	for range 4 { // which are not given back
		b := newBuffer(length)
		if at := uintptr(unsafe.Pointer(p)) - uintptr(unsafe.Pointer(&b.data[0])); at < uintptr(len(b.data)) {
			if found {
				t.Fatal("two bodies got the same memory")
			}
			found = true
		}
	}
	return found
}

// A body that could not be read gives its buffer back once.
func TestBufferOfBrokenBody(t *testing.T) {
	for _, test := range []struct {
		name    string
		length  int64
		maxBody int64
		rest    io.Reader // of the second half
	}{
		{"too short", bufferLength, bufferLength, bytes.NewReader(nil)},
		{"too long", bufferLength, bufferLength, bytes.NewReader(make([]byte, bufferLength))},
		{"broken", bufferLength, bufferLength, iotest.ErrReader(io.ErrUnexpectedEOF)},
		{"broken, of unknown length", -1, bufferLength, io.MultiReader(bytes.NewReader(make([]byte, bufferLength/4)), iotest.ErrReader(io.ErrUnexpectedEOF))},
		{"panic", bufferLength, bufferLength, readFunc(func([]byte) (int, error) { panic("body") })},
		{"too large", -1, bufferLength, bytes.NewReader(make([]byte, bufferLength))},
		{"memory exhausted", -1, 4 * bufferLength, bytes.NewReader(make([]byte, bufferLength))},
	} {
		again := 0
		for range 20 {
			if rest, ok := test.rest.(io.Seeker); ok {
				_, _ = rest.Seek(0, io.SeekStart)
			}
			content := io.MultiReader(bytes.NewReader(make([]byte, bufferLength/2)), test.rest)
			var spare []*buffer
			for _, n := range []int{64 << 10, bufferLength, 128 << 10} {
				b := newBuffer(n)
				b.release()
				spare = append(spare, b)
			}
			x := &Exchange{partner: &Partner{maxBody: test.maxBody, memory: NewMemory(2 * bufferLength)}}
			read, length, last := 0, 0, new(byte)
			req, _ := http.NewRequest("POST", "/", readFunc(func(buf []byte) (int, error) {
				if len(buf) > 1 { // and not a look whether that is all
					length, last = read+len(buf), &buf[len(buf)-1]
				}
				n, err := content.Read(buf)
				read += n
				return n, err
			}))
			func() {
				defer func() { _ = recover() }()
				if _, err := x.readBody(req, test.length); err == nil {
					t.Fatalf("%s: no error", test.name)
				}
			}()
			x.Close()
			if used := x.partner.memory.Used(); used != 0 || length <= smallBuffer {
				t.Fatalf("%s: %d bytes of memory are used, a body of %d", test.name, used, length)
			}
			for _, b := range spare {
				if n := b.users.Load(); n != 0 {
					t.Fatalf("%s: %d users", test.name, n)
				}
			}
			if usedAgain(t, length, last) {
				again++
			}
		}
		if again == 0 {
			t.Errorf("%s: its buffer was never used again", test.name)
		}
	}
}

// A body that outgrows its buffer takes its bytes along, and gives the buffer back once.
func TestBufferOfGrownBody(t *testing.T) {
	again := 0
	for range 20 {
		x := &Exchange{partner: &Partner{maxBody: 1 << 20, memory: NewMemory(0)}}
		body, content := new(Body), bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
		body.allocate(len(content))
		copy(body.data, content)
		before, outgrown := body.buffer, &body.data[0]
		if err := x.grow(body, len(content), 128<<10, 128<<10); err != nil {
			t.Fatal(err)
		}
		if n := body.buffer.users.Load(); n != 1 || before.users.Load() != 0 || !bytes.Equal(body.data[:len(content)], content) {
			t.Fatalf("%d users, or other bytes", n)
		}
		if usedAgain(t, len(content), outgrown) {
			again++
		}
	}
	if again == 0 {
		t.Error("it was never used again")
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(buf []byte) (int, error) { return f(buf) }
