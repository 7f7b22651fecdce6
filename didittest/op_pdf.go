package didittest

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/didit-go/didit"
)

// pdf answers GET /v3/session/{id}/generate-pdf/.
func (c *call) pdf() answer {
	c.server.mu.RLock()
	defer c.server.mu.RUnlock()
	one := c.session()
	if one == nil {
		return notFound()
	}
	if !finished(one.status) && (one.kind != didit.KindUser || one.status != didit.StatusKYCExpired) {
		return detail(http.StatusForbidden, "A report can only be made of a finished session.")
	}
	prefix := "session"
	if one.kind == didit.KindBusiness {
		prefix = "business"
	}
	a := answer{
		status:      c.status(),
		contentType: "application/pdf",
		body:        report("Session "+one.id, string(one.status), "Sandbox, nobody was verified", stamp(c.now)),
	}
	return a.with("Content-Disposition", "attachment; filename="+prefix+"_"+one.id+".pdf")
}

// report is a PDF of one page with a few lines of text.
func report(lines ...string) []byte {
	var text bytes.Buffer
	text.WriteString("BT /F1 14 Tf 18 TL 72 770 Td\n")
	for _, l := range lines {
		fmt.Fprintf(&text, "(%s) Tj T*\n", l)
	}
	text.WriteString("ET")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", text.Len(), text.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	at := make([]int, len(objects))
	for i, o := range objects {
		at[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return b.Bytes()
}
