"""Sign-in: password, then code, then a web session; enrolment of the authenticator app on the way."""
