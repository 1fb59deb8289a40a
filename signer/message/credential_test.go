package message

import "testing"

func TestIsCredential(t *testing.T) {
	for name, want := range map[string]bool{
		"Authorization": true, "Proxy-Authorization": true, "Cookie": true, "X-API-Key": true, "X-Apikey": true,
		"X-DFNS-UserAction": true, "X-Dfns-Appsecret": true, "X-Dynamic-Flow-Session-Token": true, "X-Password": true,
		"X-Session-Id": true, "X-Auth": true, "Content-Type": false, "Idempotency-Key": false, "Signature-Input": false, "X-Key-Id": false,
	} {
		if IsCredential(name) != want {
			t.Errorf("%s: not %v", name, want)
		}
	}
}
