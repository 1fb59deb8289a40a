package partnertest

import (
	"slices"
	"strings"
	"testing"
)

func TestParseWire(t *testing.T) {
	const rest = "GET /next HTTP/1.1\r\n"
	for _, test := range []struct {
		name, wire, body string
		header           Fields
	}{
		{
			name:   "no body",
			wire:   "GET /a?b HTTP/1.1\r\nHost: partner.test\r\nX-Odd:  two  spaces\t\r\nx-odd:\r\n\r\n",
			header: Fields{{"Host", "partner.test"}, {"X-Odd", "two  spaces"}, {"x-odd", ""}},
		},
		{
			name:   "length",
			wire:   "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
			body:   "\r\n\r\n",
			header: Fields{{"Content-Length", "4"}},
		},
		{
			name: "chunks, an extension, trailers",
			wire: "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n" +
				"4;a=b\r\nab\r\n\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
			body:   "ab\r\n0123456789",
			header: Fields{{"Transfer-Encoding", "Chunked"}},
		},
		{
			name:   "a folded field",
			wire:   "GET / HTTP/1.1\r\nX: a\r\n \tb\r\n\r\n",
			header: Fields{{"X", "a b"}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, size, err := parseWire([]byte(test.wire + rest))
			if err != nil {
				t.Fatal(err)
			}
			if size != len(test.wire) {
				t.Errorf("size is %d, want %d", size, len(test.wire))
			}
			if string(request.Body) != test.body || !slices.Equal(request.Header, test.header) {
				t.Errorf("got %q %q, want %q %q", request.Header, request.Body, test.header, test.body)
			}
			for i := range test.wire {
				if _, _, err := parseWire([]byte(test.wire[:i])); err != errIncomplete {
					t.Errorf("of the first %d bytes it says: %v", i, err)
				}
			}
		})
	}
}

func TestParseWireRefuses(t *testing.T) {
	for _, test := range []struct{ wire, want string }{
		{"GET / HTTP/1.1\nHost: a\n\n", "do not end in CR LF"},
		{"GET /a b HTTP/1.1\r\n\r\n", "is not a request line"},
		{"GET / HTTP/1.1\r\nName : value\r\n\r\n", "is not a field line"},
		{"GET / HTTP/1.1\r\nA: b\nEvil: c\r\n\r\n", "a bare CR, a bare LF or a NUL"},
		{"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "both Transfer-Encoding and Content-Length"},
		{"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "one number was expected"},
		{"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na", "one number was expected"},
		{"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "only chunked is known"},
		{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n", "is not the size of a chunk"},
		{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "longer than its size"},
	} {
		_, size, err := parseWire([]byte(test.wire))
		if err == nil || !strings.Contains(err.Error(), test.want) || size != len(test.wire) {
			t.Errorf("%q: got %d, %v, want %q", test.wire, size, err, test.want)
		}
	}
}

func FuzzParseWire(f *testing.F) {
	f.Add("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
	f.Add("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
	f.Fuzz(func(t *testing.T, wire string) {
		request, size, err := parseWire([]byte(wire))
		if size < 0 || size > len(wire) || request == nil {
			t.Fatalf("%d of %d bytes", size, len(wire))
		}
		if err != nil {
			return
		}
		again, sizeAgain, err := parseWire([]byte(wire[:size]))
		if err != nil || sizeAgain != size || string(again.Body) != string(request.Body) {
			t.Fatalf("cut out, it reads differently: %v", err)
		}
	})
}
