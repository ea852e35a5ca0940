package discreet

import "testing"

func TestName(t *testing.T) {
	f := func(want bool, names ...string) {
		t.Helper()
		for _, name := range names {
			if Name(name) != want {
				t.Errorf("%s is taken for a secret: %v", name, !want)
			}
		}
	}
	// Headers.
	f(true, "Authorization", "authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "Api_Key", "apikey", "X-ApiKey",
		"X-Auth", "X-Auth-Token", "X-CSRF-Token", "Client-Secret", "X-Password", "DB.Passwd", "X-Functions-Key", "X-Session-Id", "Ocp-Apim-Subscription-Key",
		"X-Amz-Security-Token", "X-Credentials", "X-JWT", "PRIVATE-TOKEN")
	f(false, "Host", "User-Agent", "Content-Type", "Content-Length", "X-Edgerelay-Attempt", "X-Pendo-Signature", "X-Hub-Signature-256", "X-Signature",
		"webhook-id", "webhook-timestamp", "webhook-signature", "Idempotency-Key", "X-Request-Id", "X-Team", "Keep-Alive", "X-Keyboard", "Author",
		"Access-Control-Allow-Credentials", "WWW-Authenticate", "Proxy-Authenticate", "X-Cache-Bypass", ":authority", "Date", "Server", "")
	// Those that only one of the two lists of before knew, in whose place this one stands.
	f(true, "X-Authentication", "authkey", "AWSAccessKeyId", "X-AccessKey", "oauth_verifier", "smtppass", "userPass", "X-Bearer-Value", "sessionid", "privateField")
	// Parameters of a URL and members of a key in JSON.
	f(true, "key", "api_key", "private_key", "private_key_id", "access_token", "pwd", "X-Amz-Credential", "client[secret]", "key/1", "clé-key")
	f(false, "client_email", "client_id", "project_id", "type", "v", "author", "utm_source", "id")
}
