package didit_test

import (
	"fmt"

	"github.com/didit-go/didit"
)

// Which checks declined, and why?
func ExampleDecision_Checks() {
	session, err := didit.ParseSession([]byte(`{
		"session_id": "93fd8c4b-2a19-4807-95f6-4e3d2c1b0a02", "status": "Declined",
		"id_verifications": [{"status": "Declined", "warnings": [
			{"risk": "DOCUMENT_EXPIRED", "log_type": "error", "short_description": "Document expired"},
			{"risk": "POSSIBLE_DUPLICATED_USER", "log_type": "information"}]}],
		"liveness_checks": [{"status": "Approved", "score": 99}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for name, check := range session.Checks() {
		if check.Status != didit.FeatureDeclined {
			continue
		}
		for _, reason := range check.Reasons() {
			fmt.Println(name, reason.Risk, reason.ShortDescription)
		}
	}
	// Output: id_verifications DOCUMENT_EXPIRED Document expired
}

// Was the document held by the person whom it shows?
func ExampleIDVerification_cameraFront() {
	session, err := didit.ParseSession([]byte(`{
		"session_id": "93fd8c4b-2a19-4807-95f6-4e3d2c1b0a02", "status": "Approved",
		"id_verifications": [{"front_image_camera_front_face_match_score": 7.5, "back_image_camera_front_face_match_score": null}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, document := range session.IDVerifications {
		for _, score := range []*didit.Score{document.FrontImageCameraFrontFaceMatchScore, document.BackImageCameraFrontFaceMatchScore} {
			if score != nil && *score < 20 { // nil: no face was seen, which says nothing
				fmt.Println("somebody else held the document:", *score)
			}
		}
	}
	// Output: somebody else held the document: 7.5
}
