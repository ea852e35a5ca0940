package journal

// dictionary is text that entries are likely to hold, for zstd to point at; what is likelier stands nearer to its end.
// Chunks on disk need it as it is: another one needs another number, and both must be known to the coder.
const dictionary = `Internal Server ErrorBad GatewayGateway TimeoutUnauthorizedForbiddenBad RequestNot Found
no connection: dial tcp: lookup on : no such hostconnect: connection refusedi/o timeoutno answer in time
the receiver closed the connection without an answertls: failed to verify certificate: x509: 
webhook was turned offattempts in a row failed; the last: 429 Too Many Requests404 Not Found401 Unauthorized
{"error":{"code":"","message":""}}{"success":true}{"status":"ok"}<!DOCTYPE html><html><head><title></title></head><body><center><h1>
</h1></center><hr><center>nginx</center></body></html>trackEventReceivedguideDisplayednpsSubmittedpollSubmittedvisitorCreatedaccountCreated
X-Powered-By ExpressX-Request-IdStrict-Transport-Security max-age=31536000; includeSubDomainsX-Content-Type-Options nosniff
Vary Accept-EncodingCache-Control no-store, no-cache, must-revalidateCF-RAY Alt-Svc h3=":443"; ma=86400Retry-After Transfer-Encoding chunkedKeep-Alive timeout=5
Set-Cookie Authorization(not shown)webhook-idwebhook-timestampwebhook-signaturev1,X-Hub-Signature-256X-Signature
attempt 6 was the last: 503 Service Unavailable502 Bad Gateway500 Internal Server Error504 Gateway TimeoutfeatureClickedpageLoaded
Host.example.comUser-Agentedgerelay/0.1.0Content-Typeapplication/jsonX-Edgerelay-Attempt1X-Pendo-Signatureshsha256=Content-Length
ServernginxcloudflareDateMon, 01 Jan 2026 00:00:00 GMTContent-Typetext/html; charset=utf-8text/plain; charset=utf-8application/json; charset=utf-8
Content-Length0Connectionkeep-alivecloseok`

const dictionaryID = 1
