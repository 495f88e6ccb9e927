"""Laws: the mathematics of distributions, as functions of arrays. Users call those in `distributions`."""
