package didittest

// maxRetentionDays bounds face_retention_days.
const maxRetentionDays = 3650

// remove answers DELETE /v3/session/{id}/delete/. The session is gone for good: a repeated call gets 404, its share tokens fail.
func (c *call) remove() answer {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	one := c.session()
	if one == nil {
		return notFound()
	}
	f, bad := c.fields()
	if bad != nil {
		return *bad
	}
	if _, ok := f.optional("retain_face_embeddings"); ok {
		f.boolean("retain_face_embeddings", false)
	}
	if _, ok := f.optional("face_retention_days"); ok {
		f.integer("face_retention_days", 1, maxRetentionDays, 0, false)
	}
	if _, ok := f.optional("deletion_instruction"); ok {
		f.choice("deletion_instruction", false, "operational_session_delete", "privacy_erasure")
	}
	if refused := f.refusal(); refused != nil {
		return *refused
	}
	s.remove(one)
	return c.success(obj{
		"session_id":                    one.id,
		"session_number":                one.number,
		"face_retention_outcome":        "none",
		"biometric_template_uuid":       nil,
		"biometric_template_expires_at": nil,
		"deleted_child_verifications":   0,
	})
}
