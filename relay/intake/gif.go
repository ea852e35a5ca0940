package intake

import (
	"github.com/valyala/fasthttp"
)

// pixel is a GIF of one transparent dot, 43 bytes. The agent takes a batch for delivered when the answer decodes as an
// image, whatever its status, and resends it otherwise: also after 204, an empty 200, JSON, and what the browser keeps
// from a page of another origin.
const pixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// Headers of images, in the form that costs least.
var (
	corpName     = []byte("Cross-Origin-Resource-Policy")
	corpAny      = []byte("cross-origin")
	cacheName    = []byte(fasthttp.HeaderCacheControl)
	cacheNoStore = []byte("no-store")
	reasonName   = "X-Edgerelay-Error"
)

// answerPixel answers with the image.
func (r *request) answerPixel(status int) {
	r.ctx.SetStatusCode(status)
	h := &r.ctx.Response.Header
	h.SetContentType("image/gif")
	h.SetCanonical(cacheName, cacheNoStore)
	h.SetCanonical(corpName, corpAny)
	r.ctx.Response.SetBodyString(pixel)
}

// refusePixel answers a refusal where an image is expected. What sending again cannot mend gets the image all the same,
// so that the agent lets go of it; what may pass gets none, so that it comes back. The reason stands in a header, for
// whoever looks into the browser's network tab.
func (r *request) refusePixel(no *refusal) {
	if no.status == fasthttp.StatusRequestTimeout || no.status >= fasthttp.StatusInternalServerError {
		r.ctx.SetStatusCode(no.status)
		r.ctx.Response.Header.SetCanonical(cacheName, cacheNoStore)
	} else {
		r.answerPixel(no.status)
	}
	r.ctx.Response.Header.Set(reasonName, no.code+": "+no.message)
}
