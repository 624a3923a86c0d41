import { officialDataset } from './official.ts';

/**
 * Xiao, Rasul, Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms (2017),
 * arXiv:1708.07747. 60,000 + 10,000 grey images of 28×28, MIT licence.
 *
 * The pins are those of the unpacked content. Packed, two versions are about: the authors' own (MD5 8d4fb7e6…, 25c81989…,
 * bef4ecab…, bb300cfd…) and Debian's; they differ in the name and time in the gzip header alone.
 */
export const fashionMnist = officialDataset({
  name: 'fashion-mnist',
  title: 'Fashion-MNIST',
  summary: '60,000 + 10,000 grey images of 28×28 in 10 classes of clothing; found on the machine or fetched',
  classes: ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
  pins: {
    'train-labels-idx1-ubyte': 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    'train-images-idx3-ubyte': 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    't10k-labels-idx1-ubyte': '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
    't10k-images-idx3-ubyte': '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
  },
  site: 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
  debianPackage: 'dataset-fashion-mnist',
});
